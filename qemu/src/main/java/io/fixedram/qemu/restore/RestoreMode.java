// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How a save gets back into a QEMU: the restore mode. */
public enum RestoreMode {
  /** The fastest of the others that the QEMU and the file allow. */
  AUTO,
  /** The guest runs at once and is served its pages when it asks for them. */
  LAZY,
  /** The guest runs at once on a private mapping of the file. */
  INSTANT,
  /**
   * Pages are written to their places in the memory of a QEMU that waits, and the rest is sent as a
   * stream: any QEMU from 4.0 on, on this host, whose memory this process may write.
   */
  MEMORY,
  /** QEMU reads the file itself: a mapped-ram file, QEMU &gt;= 9.0. */
  NATIVE,
  /** QEMU is sent a migration stream made from the file. */
  STREAM;

  /** The name that users type and read. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The mode of that name. */
  public static Optional<RestoreMode> parse(String text) {
    return Arrays.stream(values()).filter(mode -> mode.text().equals(text)).findFirst();
  }
}
