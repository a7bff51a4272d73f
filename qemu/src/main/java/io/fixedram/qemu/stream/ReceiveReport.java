// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import io.fixedram.layout.SaveFormat;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@link StreamReceive} did.
 *
 * @param ramBytes used bytes of all RAM blocks
 * @param pageBytes bytes of pages that the file holds
 * @param fileBytes size of the file
 * @param diskBytes space it takes on disk
 * @param whyCached why the file was written through the page cache; empty if long runs of pages
 *     went past it
 * @param receivedBytes bytes of pages that came, repeats counted
 * @param seconds from the connection to the file being complete and on disk
 */
public record ReceiveReport(
    SaveFormat format,
    Path file,
    long ramBytes,
    long pageBytes,
    long fileBytes,
    long diskBytes,
    Optional<String> whyCached,
    long receivedBytes,
    double seconds) {}
