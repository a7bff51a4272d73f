// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import io.fixedram.layout.SaveFormat;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Result of a {@link StreamReceive}.
 *
 * @param format format of the file
 * @param file the written save
 * @param ramBytes sum of the used lengths of all RAM blocks
 * @param pageBytes bytes of pages stored as data
 * @param fileBytes size of the file
 * @param diskBytes space that the file occupies on disk
 * @param whyCached reason why pages were written through the page cache; empty if long runs were
 *     written directly
 * @param receivedBytes bytes of pages received; repeated pages count again
 * @param seconds time from the connection until the file was complete and on disk
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
