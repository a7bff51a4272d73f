// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.restore;

/**
 * How long one restore took.
 *
 * @param runningSeconds from migrate-incoming to the guest running
 * @param residentSeconds from migrate-incoming until the restore had nothing left to do
 * @param roundSeconds from the start of QEMU until the guest had been through its memory once
 */
record Timing(double runningSeconds, double residentSeconds, double roundSeconds) {}
