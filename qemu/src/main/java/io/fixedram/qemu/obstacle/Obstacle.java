// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import java.util.List;

/**
 * Reason why a restore or save mode is not possible. Each mode has a type, whose kinds are records
 * with the facts. More kinds may be added, so a {@code switch} needs a {@code default}.
 */
public sealed interface Obstacle
    permits LazyObstacle, NativeObstacle, InstantObstacle, MemoryObstacle {
  /** A sentence for users with the facts, complete without the remedies. */
  String sentence();

  /** Ways to avoid the obstacle with this library: alternatives, the best first. */
  List<Remedy> remedies();

  /** Sentence and remedies as one value. */
  default Reason reason() {
    return new Reason(sentence(), remedies());
  }
}
