// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.Remedy;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;

/** The memory of a QEMU can't be read or written in place; other modes may be possible. */
public final class MemoryRefusedException extends ObstacleException {
  private static final long serialVersionUID = 1L;

  MemoryRefusedException(MemoryObstacle obstacle) {
    super(obstacle);
  }

  private MemoryRefusedException(MemoryRefusedException refused, Remedy remedy) {
    super(refused.sentence(), refused.obstacle(), refused, remedy);
  }

  /** A copy with a remedy, added by a caller that knows an alternative. */
  public MemoryRefusedException with(Remedy remedy) {
    return new MemoryRefusedException(this, remedy);
  }
}
