// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

/**
 * Size of a guest.
 *
 * @param ramMebibytes RAM in MiB
 * @param usedMebibytes part of the RAM filled with random content, in MiB
 */
public record GuestSize(int ramMebibytes, int usedMebibytes) {}
