// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import java.util.Locale;

/** The method by which the memory of a guest is read for a save. */
public enum SaveMode {
  /** Memory where that is possible, and otherwise a stream. */
  AUTO,
  /** QEMU migrates into a socket of this process, from any host, while the guest runs or not. */
  STREAM,
  /**
   * The memory of the guest is read where it lies in QEMU's process, on this host, if this process
   * may: of one that runs once or twice while it does, and once more while it stands still. QEMU is
   * not migrated: the guest stays in the state {@code paused}, its disks stay QEMU's, and the
   * save's description has the names of devices without their fields.
   */
  MEMORY;

  /** Name of the mode in options and messages. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
