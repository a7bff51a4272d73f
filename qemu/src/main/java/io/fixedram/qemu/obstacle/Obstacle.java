// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import java.util.List;

/**
 * Why a restore or save mode is not possible. The type says which mode; the kinds are records with
 * the facts. Further kinds may come, so that a {@code switch} wants a {@code default}.
 */
public sealed interface Obstacle
    permits LazyObstacle, NativeObstacle, InstantObstacle, MemoryObstacle {
  /** A sentence for people that tells the facts, complete without the remedies. */
  String sentence();

  /** What can be done about it with this library; alternatives, the best one first. */
  List<Remedy> remedies();

  /** Sentence and remedies. */
  default Reason reason() {
    return new Reason(sentence(), remedies());
  }
}
