// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;

/**
 * A save or restore, or its mode, is not possible; {@link #obstacle()} has the reason as a type.
 */
public class ObstacleException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  private final transient Obstacle obstacle;

  /** Creates a failure with the obstacle's sentence. */
  public ObstacleException(Obstacle obstacle) {
    super(obstacle.reason());
    this.obstacle = obstacle;
  }

  /** Creates a failure with the obstacle's sentence after a text. */
  public ObstacleException(String before, Obstacle obstacle) {
    super(obstacle.reason().after(before));
    this.obstacle = obstacle;
  }

  /**
   * Creates a failure with another sentence and a cause.
   *
   * @param remedies remedies in addition to those of the cause, which are kept
   */
  public ObstacleException(
      String sentence, Obstacle obstacle, Throwable cause, Remedy... remedies) {
    super(sentence, cause, remedies);
    this.obstacle = obstacle;
  }

  /** The reason. */
  public Obstacle obstacle() {
    return obstacle;
  }
}
