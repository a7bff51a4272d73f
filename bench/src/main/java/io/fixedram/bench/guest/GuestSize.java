// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

/**
 * How large a guest is.
 *
 * @param ramMebibytes its RAM
 * @param usedMebibytes how much of that it fills with random content
 */
public record GuestSize(int ramMebibytes, int usedMebibytes) {}
