// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import java.util.List;

/**
 * Reason why a save or restore, or a mode of it, is not possible. There is a type for saves, one
 * for loads, one for commands that start QEMU, and one for each mode; its kinds are records with
 * the facts. More kinds may be added, so a {@code switch} needs a {@code default}.
 */
public sealed interface Obstacle
    permits SaveObstacle,
        DiskObstacle,
        LoadObstacle,
        StartObstacle,
        LazyObstacle,
        NativeObstacle,
        InstantObstacle,
        MemoryObstacle {
  /** A sentence for users with the facts, complete without the remedies. */
  String sentence();

  /** Ways to avoid the obstacle with this library: alternatives, the best first. */
  List<Remedy> remedies();

  /** Sentence and remedies as one value. */
  default Reason reason() {
    return new Reason(sentence(), remedies());
  }
}
