// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.IncomingGuest;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;

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
    LoadObstacle locked = new LoadObstacle.DiskLocked(told);
    return new ObstacleException(locked.sentence(), locked, told);
  }
}
