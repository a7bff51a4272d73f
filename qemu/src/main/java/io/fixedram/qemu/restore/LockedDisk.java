// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.IncomingGuest;

/**
 * Explains failures of QEMU to lock a disk: another QEMU uses it, often the one of the guest that
 * was saved and is paused.
 */
final class LockedDisk {
  /** Part of QEMU's message about a disk that is locked by another process. */
  private static final String LOCK = "\"write\" lock";

  private LockedDisk() {}

  private static boolean saysSo(String sentence) {
    return sentence.contains(LOCK) || sentence.contains(IncomingGuest.LOCKED_DISK);
  }

  /** The failure, with an explanation if it is of this kind. */
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
