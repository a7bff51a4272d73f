// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;

/**
 * A guest can't run on a mapping of its save (restore mode instant); other restore modes may be
 * possible.
 */
public final class NotInstantException extends ObstacleException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception for an obstacle. */
  public NotInstantException(InstantObstacle obstacle) {
    super(obstacle);
  }
}
