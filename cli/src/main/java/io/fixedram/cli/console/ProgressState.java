// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.transfer.ServingState;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Snapshot of a transfer's progress.
 *
 * @param phase name of the current phase
 * @param doneBytes bytes of RAM that are done
 * @param ramBytes bytes of RAM in total; 0 while unknown
 * @param bytesPerSecond transfer rate
 * @param secondsLeft estimated remaining time; empty if unknown
 * @param passes passes over the RAM of a live guest, including the current one
 * @param dirtyPagesPerSecond rate of pages written by a live guest
 * @param serving statistics of serving pages to a running guest
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

  /** A transfer that does not serve pages. */
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
