// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;

/** The mode that was asked for is not possible, for a reason that a program can tell apart. */
public class ObstacleException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  private final transient Obstacle obstacle;

  /** Creates a failure that is told by the obstacle's sentence. */
  public ObstacleException(Obstacle obstacle) {
    super(obstacle.reason());
    this.obstacle = obstacle;
  }

  /** Creates a failure that is told by the obstacle's sentence with text in front of it. */
  public ObstacleException(String before, Obstacle obstacle) {
    super(obstacle.reason().after(before));
    this.obstacle = obstacle;
  }

  /**
   * Creates a failure that is told by another sentence, with what caused it.
   *
   * @param remedies what can be done about it, beside the remedies of the cause, which are kept
   */
  public ObstacleException(
      String sentence, Obstacle obstacle, Throwable cause, Remedy... remedies) {
    super(sentence, cause, remedies);
    this.obstacle = obstacle;
  }

  /** What is in the way. */
  public Obstacle obstacle() {
    return obstacle;
  }
}
