// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.Remedy;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;

/** The memory of a QEMU can't be read or written where it lies; other ways may do. */
public final class MemoryRefusedException extends ObstacleException {
  private static final long serialVersionUID = 1L;

  MemoryRefusedException(MemoryObstacle obstacle) {
    super(obstacle);
  }

  private MemoryRefusedException(MemoryRefusedException refused, Remedy remedy) {
    super(refused.sentence(), refused.obstacle(), refused, remedy);
  }

  /** The same for who knows what can be done instead. */
  public MemoryRefusedException with(Remedy remedy) {
    return new MemoryRefusedException(this, remedy);
  }
}
