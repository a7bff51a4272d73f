// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * Description of a published save.
 *
 * @param path path of the file
 * @param ramBytes RAM of the guest
 * @param pageBytes bytes of pages stored as data; all other pages are zero
 * @param writtenBytes bytes written, with repeated pages counted again
 * @param fileBytes size of the file
 * @param diskBytes space that the file occupies on its file system
 * @param whyCached reason why pages were written through the page cache; empty if long runs were
 *     written directly
 * @param id id of the save; empty if the file is not sealed
 */
public record WrittenSave(
    Path path,
    long ramBytes,
    long pageBytes,
    long writtenBytes,
    long fileBytes,
    long diskBytes,
    Optional<String> whyCached,
    Optional<UUID> id) {}
