// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import java.nio.file.Path;

/**
 * Result of a {@link StreamSend}.
 *
 * @param file the save
 * @param ramBytes sum of the used lengths of all RAM blocks
 * @param pageBytes bytes of pages that were not zero
 * @param seconds time from the connection to its end
 */
public record SendReport(Path file, long ramBytes, long pageBytes, double seconds) {}
