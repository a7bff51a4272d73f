// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.transfer;

import java.util.OptionalDouble;

/**
 * How the pages of a guest that runs already are being served, at one moment.
 *
 * @param runningSeconds how long it took until the guest ran; none before
 * @param faults pages that the guest waited for
 * @param faultMedianSeconds half of them took no longer; none without faults
 * @param faultP99Seconds 99 in 100 took no longer; none without faults
 */
public record ServingState(
    OptionalDouble runningSeconds,
    long faults,
    OptionalDouble faultMedianSeconds,
    OptionalDouble faultP99Seconds) {}
