// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

/** State of the guest and QEMU after a save. */
public enum AfterSave {
  /**
   * The guest stays stopped, in QEMU's state postmigrate after a save by stream; {@code cont}
   * resumes it.
   */
  PAUSE,
  /** The guest is resumed as soon as all of its state has been read from QEMU. */
  RESUME,
  /** QEMU is ended once the save is complete and on disk. */
  QUIT
}
