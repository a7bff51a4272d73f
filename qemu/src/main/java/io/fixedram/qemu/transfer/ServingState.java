// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.transfer;

import java.util.OptionalDouble;

/**
 * Statistics of serving pages to a running guest: a snapshot or the final values.
 *
 * @param runningSeconds time from migrate-incoming until the guest ran; empty before
 * @param residentSeconds time from migrate-incoming until all pages had arrived; empty before, and
 *     if the guest ended earlier
 * @param faults number of page requests of the guest
 * @param faultMedianSeconds median time from receiving a request until the answer was written;
 *     empty without faults
 * @param faultP99Seconds 99th percentile of these times; empty without faults
 * @param faultSeconds sum of these times
 */
public record ServingState(
    OptionalDouble runningSeconds,
    OptionalDouble residentSeconds,
    long faults,
    OptionalDouble faultMedianSeconds,
    OptionalDouble faultP99Seconds,
    double faultSeconds) {}
