// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import java.util.Locale;

/** The method by which a guest gets its memory back. */
public enum RestoreMode {
  /** The fastest of the other modes that QEMU and the file allow. */
  AUTO,
  /** The guest runs at once, and its pages are served on request. */
  LAZY,
  /** The guest runs at once on a private mapping of the file. */
  INSTANT,
  /**
   * Pages are written to their places in the memory of a waiting QEMU, and the rest is sent as a
   * stream. Needs a QEMU on this host, and permission to write its memory.
   */
  MEMORY,
  /** QEMU reads the file itself. Needs a mapped-ram file and QEMU &gt;= 9.0. */
  NATIVE,
  /** QEMU is sent a migration stream made from the file. */
  STREAM;

  /** Name of the mode in options and messages. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
