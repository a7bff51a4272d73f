// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Result of a {@link GuestSave}.
 *
 * @param mode the save mode
 * @param why the reason for it
 * @param notMemory why mode AUTO did not take memory
 * @param format format of the file
 * @param file the written save
 * @param ramBytes sum of the used lengths of all RAM blocks
 * @param pageBytes bytes of pages stored as data
 * @param writtenBytes bytes written to the file; repeated pages count again
 * @param fileBytes size of the file
 * @param diskBytes space that the file occupies on disk
 * @param whyCached reason why pages were written through the page cache; empty if long runs were
 *     written directly
 * @param receivedBytes bytes of pages read from QEMU; repeated pages of a live guest count again
 * @param seconds time from the start until the file was complete and on disk
 * @param downtimeSeconds time from the guest's stop until it was resumed, or until the end of the
 *     migration if it stays stopped; 0 for a guest that was stopped before
 * @param predictedDowntimeSeconds downtime that was predicted right before the stop; only of a live
 *     save in place
 * @param resumedBeforeDurable whether the guest was resumed before the file was complete and on
 *     disk, so that a write that failed would have failed the save of a running guest
 * @param passes number of times QEMU read the dirty log (its dirty-sync-count), or a live save in
 *     place read all memory
 * @param liveUnderTcg whether a running guest was saved by a QEMU that emulates it (TCG), whose own
 *     dirty log loses pages now and then: seen with QEMU 7.2.22 and 10.0.2, in their own streams
 *     too; a save in place does not use that log
 * @param described whether the save contains QEMU's description of the fields of its device state,
 *     which only a stream has
 * @param signed whether the file is signed
 * @param disksLocked whether QEMU keeps disks that it may write to, so that no other one can use
 *     them: of a guest that stays stopped without having been migrated
 * @param overlays the overlays that a snapshot of the disks has put over the images of the save;
 *     the guest writes to them from then on
 * @param then state of the guest after the save
 */
public record SaveReport(
    SaveMode mode,
    String why,
    Optional<MemoryObstacle> notMemory,
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
    OptionalDouble predictedDowntimeSeconds,
    boolean resumedBeforeDurable,
    long passes,
    boolean liveUnderTcg,
    boolean described,
    boolean signed,
    boolean disksLocked,
    List<DiskOverlay> overlays,
    AfterSave then) {
  /** Copies the list. */
  public SaveReport {
    overlays = List.copyOf(overlays);
  }
}
