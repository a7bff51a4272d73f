// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.layout.SaveSeal;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.transfer.ServingState;
import java.util.List;
import java.util.Optional;

/**
 * Result of a {@link GuestRestore}.
 *
 * @param mode the restore mode, never AUTO
 * @param why the reason for this mode, for users
 * @param obstacles reasons against the modes that AUTO prefers, the most preferred first; empty if
 *     the mode was requested
 * @param guest final state of the guest in QMP's spelling: running, paused if requested, or another
 *     state in which it was saved
 * @param ramBytes sum of the used lengths of all RAM blocks
 * @param pageBytes bytes of pages that were not zero
 * @param seconds time from the start until the guest was loaded, and ran unless it stays paused
 * @param downtimeSeconds time from the start until the guest ran, including the start of QEMU;
 *     until it was loaded if it stays paused
 * @param runningSeconds time from migrate-incoming until the guest ran; until it was loaded if it
 *     stays paused. In mode memory from the moment at which QEMU's memory was found
 * @param sinceWaitingSeconds the same from the moment at which QEMU waited for the guest, with the
 *     checks of the save and the QEMU, and the time to find its memory
 * @param verified whether every page that was loaded was checked against its fingerprint, by this
 *     process or before; false if the save has none, or QEMU read it itself
 * @param signature signature of the save; NONE also if the save is not sealed
 * @param serving statistics of serving pages; only for restore mode lazy
 * @param disks states of the saved guest's disks before the restore; empty if the save has no
 *     manifest
 * @param overlays new overlays that the guest has as disks ({@link GuestRestore#newOverlays})
 */
public record RestoreReport(
    RestoreMode mode,
    String why,
    List<Obstacle> obstacles,
    String guest,
    long ramBytes,
    long pageBytes,
    double seconds,
    double downtimeSeconds,
    double runningSeconds,
    double sinceWaitingSeconds,
    boolean verified,
    SaveSeal.Signature signature,
    Optional<ServingState> serving,
    List<DiskState> disks,
    List<DiskOverlay> overlays) {
  /** Copies the lists. */
  public RestoreReport {
    disks = List.copyOf(disks);
    overlays = List.copyOf(overlays);
    obstacles = List.copyOf(obstacles);
  }
}
