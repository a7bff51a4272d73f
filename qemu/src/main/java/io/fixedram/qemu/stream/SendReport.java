// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import java.nio.file.Path;

/**
 * What {@link StreamSend} did.
 *
 * @param ramBytes used bytes of all RAM blocks
 * @param pageBytes bytes of pages that were not zero
 * @param seconds from the connection to its end
 */
public record SendReport(Path file, long ramBytes, long pageBytes, double seconds) {}
