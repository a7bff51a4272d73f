// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import java.util.Locale;

/** The method by which the memory of a guest is read for a save. */
public enum SaveMode {
  /**
   * Memory if that is possible and a running guest is not stopped for longer than the maximum
   * downtime ({@link GuestSave#maxDowntime}), otherwise stream.
   */
  AUTO,
  /** QEMU, which may run on another host, migrates to a socket of this process. */
  STREAM,
  /**
   * The memory of the guest is read in place, in QEMU's process on this host, which this process
   * must be permitted to access. A running guest is read once or twice while it runs, and once more
   * while it is stopped. QEMU does not migrate: the guest is left in the state {@code paused}
   * instead of {@code postmigrate}, QEMU before 10.0 keeps its disks, and the save's description
   * has the names of devices without their fields.
   */
  MEMORY;

  /** Name of the mode in options and messages. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
