// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

/**
 * Result of a {@link StreamSend}.
 *
 * @param save name of the save; for a file its path
 * @param ramBytes sum of the used lengths of all RAM blocks
 * @param pageBytes bytes of pages that were not zero
 * @param seconds time from the connection to its end
 */
public record SendReport(String save, long ramBytes, long pageBytes, double seconds) {}
