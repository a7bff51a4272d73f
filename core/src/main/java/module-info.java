// SPDX-License-Identifier: Apache-2.0
/**
 * Saves of guest memory: the migration stream, fixed-offset layouts, reading and writing of saves,
 * and the migration engine. Depends only on Java.
 */
@SuppressWarnings(
    "module") // The modules of qualified exports don't exist when this one is compiled.
module io.fixedram.core {
  requires jdk.jfr;

  exports io.fixedram.bytes;
  exports io.fixedram.cancel;
  exports io.fixedram.engine;
  exports io.fixedram.error;
  exports io.fixedram.fingerprint to
      io.fixedram.qemu;
  exports io.fixedram.guest;
  exports io.fixedram.key;
  exports io.fixedram.layout;
  exports io.fixedram.mapping to
      io.fixedram.cli,
      io.fixedram.qemu;
  exports io.fixedram.memory;
  exports io.fixedram.migration;
  exports io.fixedram.os to
      io.fixedram.bench,
      io.fixedram.cli,
      io.fixedram.inspect,
      io.fixedram.qemu,
      io.fixedram.qmpserver;
  exports io.fixedram.parallel to
      io.fixedram.inspect,
      io.fixedram.qemu;
  exports io.fixedram.pageserver to
      io.fixedram.cli,
      io.fixedram.qemu;
  exports io.fixedram.publish to
      io.fixedram.inspect;
  exports io.fixedram.store;
  exports io.fixedram.stream;
  exports io.fixedram.verify;
  exports io.fixedram.wire to
      io.fixedram.inspect,
      io.fixedram.qemu;
  exports io.fixedram.write;
}
