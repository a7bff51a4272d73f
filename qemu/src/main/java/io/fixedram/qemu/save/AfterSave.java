// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

/** What becomes of a guest once it is saved. */
public enum AfterSave {
  /** It stays stopped, in the state that QEMU calls postmigrate; {@code cont} lets it go on. */
  PAUSE,
  /** It goes on as soon as QEMU has handed everything over. */
  RESUME,
  /** QEMU ends, once the save is complete and on disk. */
  QUIT
}
