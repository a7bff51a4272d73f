// SPDX-License-Identifier: Apache-2.0
/**
 * The migration stream's grammar, the fixed-offset layouts of guest RAM, and saves on disk. Depends
 * on nothing but Java.
 */
module io.fixedram.core {
  requires jdk.jfr;

  exports io.fixedram.bytes;
  exports io.fixedram.engine;
  exports io.fixedram.error;
  exports io.fixedram.guest;
  exports io.fixedram.layout;
  exports io.fixedram.os;
  exports io.fixedram.pageserver;
  exports io.fixedram.store;
  exports io.fixedram.stream;
  exports io.fixedram.write;
}
