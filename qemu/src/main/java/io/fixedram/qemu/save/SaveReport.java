// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.layout.SaveFormat;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@link GuestSave} did.
 *
 * @param mode how its memory was taken
 * @param ramBytes used bytes of all RAM blocks
 * @param pageBytes bytes of pages that the file holds
 * @param writtenBytes bytes written to the file, pages that came again counted again
 * @param fileBytes size of the file
 * @param diskBytes space it takes on disk
 * @param whyCached why the file was written through the page cache; empty if long runs of pages
 *     went past it
 * @param receivedBytes bytes of pages that QEMU sent, repeats of a live guest counted
 * @param seconds from the start to the file being complete and on disk
 * @param downtimeSeconds from the guest's stop to its going on, or to the end of the migration if
 *     it stays stopped; 0 for a guest that was stopped before
 * @param passes how often QEMU looked for dirty pages (its dirty-sync-count)
 * @param liveUnderTcg whether a running guest was saved by a QEMU that emulates it (TCG), whose own
 *     dirty log loses pages now and then: seen with QEMU 7.2.22 and 10.0.2, in their own streams
 *     too
 * @param then what became of the guest
 */
public record SaveReport(
    SaveMode mode,
    SaveFormat format,
    Path file,
    long ramBytes,
    long pageBytes,
    long writtenBytes,
    long fileBytes,
    long diskBytes,
    Optional<String> whyCached,
    long receivedBytes,
    double seconds,
    double downtimeSeconds,
    long passes,
    boolean liveUnderTcg,
    AfterSave then) {}
