// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.transfer;

import java.util.OptionalDouble;

/**
 * How the pages of a guest that runs already are being served, or were, at one moment.
 *
 * @param runningSeconds from the start of migrate-incoming until the guest ran; none before
 * @param residentSeconds from the start of migrate-incoming until all had arrived; none before, and
 *     none if the guest ended before
 * @param faults pages that the guest waited for
 * @param faultMedianSeconds half of them were answered in no more time, from the request's arrival
 *     until the answer was written; none without faults
 * @param faultP99Seconds 99 in 100 were answered in no more time; none without faults
 * @param faultSeconds the time of all of them together
 */
public record ServingState(
    OptionalDouble runningSeconds,
    OptionalDouble residentSeconds,
    long faults,
    OptionalDouble faultMedianSeconds,
    OptionalDouble faultP99Seconds,
    double faultSeconds) {}
