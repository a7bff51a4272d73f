// SPDX-License-Identifier: Apache-2.0
/**
 * The migration stream's grammar, the fixed-offset layouts of guest RAM, and saves on disk. Depends
 * on nothing but Java.
 */
@SuppressWarnings(
    "module") // Modules of ours that see more are not there when this one is compiled.
module io.fixedram.core {
  requires jdk.jfr;

  exports io.fixedram.bytes;
  exports io.fixedram.cancel;
  exports io.fixedram.engine;
  exports io.fixedram.error;
  exports io.fixedram.fingerprint to
      io.fixedram.qemu;
  exports io.fixedram.guest;
  exports io.fixedram.layout;
  exports io.fixedram.memory;
  exports io.fixedram.migration;
  exports io.fixedram.os to
      io.fixedram.bench,
      io.fixedram.cli,
      io.fixedram.qemu,
      io.fixedram.qmpserver;
  exports io.fixedram.pageserver to
      io.fixedram.cli,
      io.fixedram.qemu;
  exports io.fixedram.store;
  exports io.fixedram.stream;
  exports io.fixedram.write;
}
