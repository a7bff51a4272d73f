// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A save that was written and has its name.
 *
 * @param path its name
 * @param ramBytes RAM of the guest
 * @param pageBytes bytes of pages that it holds as data; the others are zero
 * @param writtenBytes bytes written to make it, pages that came again counted again
 * @param fileBytes its size
 * @param diskBytes the space it takes on its file system
 * @param whyCached why it was written through the page cache; empty if long runs of pages went past
 *     it
 */
public record WrittenSave(
    Path path,
    long ramBytes,
    long pageBytes,
    long writtenBytes,
    long fileBytes,
    long diskBytes,
    Optional<String> whyCached) {}
