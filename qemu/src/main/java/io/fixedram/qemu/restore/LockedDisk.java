// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.IncomingGuest;

/**
 * What it means that QEMU could not lock a disk: another one has it, often that of the guest that
 * was saved, which stands still.
 */
final class LockedDisk {
  /** Of what QEMU says about a disk that it may not write to. */
  private static final String LOCK = "\"write\" lock";

  private LockedDisk() {}

  private static boolean saysSo(String sentence) {
    return sentence.contains(LOCK) || sentence.contains(IncomingGuest.LOCKED_DISK);
  }

  /** The failure, with what can be done where it is of that kind. */
  static Throwable explained(Throwable failure) {
    if (!(failure instanceof FixedRamException told)
        || failure instanceof CancelledException
        || !saysSo(told.sentence())) {
      return failure;
    }
    return new FixedRamException(
        told.sentence()
            + "; a disk of this guest is in use by another QEMU, perhaps by the one that it was"
            + " saved from, which keeps it while it is paused: end that one (QMP 'quit'), or give this"
            + " one a disk of its own",
        told);
  }
}
