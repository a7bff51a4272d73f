// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.error.FixedRamException;
import java.time.Duration;
import java.util.Optional;

/**
 * How a guest's way into a save ended.
 *
 * @param passes how often its memory was gone through, or QEMU looked for dirty pages
 * @param downtime from the guest's stop to its going on, or to the end of the transfer
 * @param predicted what the downtime was expected to be, where that was asked before the stop
 * @param resumed whether the guest was let go on
 * @param resumeFailure why the guest did not go on, if it was to
 */
record SaveOutcome(
    long passes,
    Duration downtime,
    Optional<Duration> predicted,
    boolean resumed,
    Optional<FixedRamException> resumeFailure) {

  /** That of a guest which this save has not stopped. */
  static final SaveOutcome UNTOUCHED =
      new SaveOutcome(0, Duration.ZERO, Optional.empty(), false, Optional.empty());
}
