// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.error.FixedRamException;
import java.time.Duration;
import java.util.Optional;

/**
 * The result of transferring a guest into a save.
 *
 * @param passes number of passes over all memory, or of QEMU's reads of its dirty log
 * @param downtime time from the guest's stop until it was resumed, or until the end of the transfer
 * @param predicted downtime that was predicted before the stop; empty if none was
 * @param resumed whether the guest was resumed
 * @param resumeFailure reason why the guest could not be resumed; empty if it was, or was not to be
 */
record SaveOutcome(
    long passes,
    Duration downtime,
    Optional<Duration> predicted,
    boolean resumed,
    Optional<FixedRamException> resumeFailure) {

  /** The result for a guest that this save did not stop. */
  static final SaveOutcome UNTOUCHED =
      new SaveOutcome(0, Duration.ZERO, Optional.empty(), false, Optional.empty());
}
