// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.transfer.ServingState;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A transfer at one moment.
 *
 * @param phase what is being done
 * @param doneBytes how much of the RAM is done
 * @param ramBytes how much RAM there is; 0 while that is not known
 * @param bytesPerSecond how fast data moves
 * @param secondsLeft how long the rest will take, where that can be told
 * @param passes how often the RAM of a live guest has been gone through, this time included
 * @param dirtyPagesPerSecond how many pages a live guest writes to
 * @param serving how a guest that runs already is served
 */
record ProgressState(
    String phase,
    long doneBytes,
    long ramBytes,
    long bytesPerSecond,
    OptionalLong secondsLeft,
    long passes,
    long dirtyPagesPerSecond,
    Optional<ServingState> serving) {

  /** A transfer that serves nobody. */
  ProgressState(
      String phase,
      long doneBytes,
      long ramBytes,
      long bytesPerSecond,
      OptionalLong secondsLeft,
      long passes,
      long dirtyPagesPerSecond) {
    this(
        phase,
        doneBytes,
        ramBytes,
        bytesPerSecond,
        secondsLeft,
        passes,
        dirtyPagesPerSecond,
        Optional.empty());
  }
}
