// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.transfer.ServingState;
import java.util.List;
import java.util.Optional;

/**
 * What {@link GuestRestore} did.
 *
 * @param mode the restore mode, never AUTO
 * @param why why this mode, for people
 * @param obstacles why AUTO did not take a mode that it prefers, the most preferred first; none if
 *     the mode was asked for
 * @param guest the state that the guest was left in, as QMP spells it: running, paused if that was
 *     asked for, and others that it was saved in
 * @param ramBytes used bytes of all RAM blocks
 * @param pageBytes bytes of pages that were not zero
 * @param seconds from the start to the guest being loaded, and running if it is to
 * @param downtimeSeconds from the start to the guest running, the start of QEMU included; to its
 *     being loaded if it stays stopped
 * @param runningSeconds from the start of migrate-incoming to the guest running; to its being
 *     loaded if it stays stopped
 * @param serving how its pages came while it ran; only of a lazy restore
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
    Optional<ServingState> serving) {
  /** Keeps a copy of the list. */
  public RestoreReport {
    obstacles = List.copyOf(obstacles);
  }
}
