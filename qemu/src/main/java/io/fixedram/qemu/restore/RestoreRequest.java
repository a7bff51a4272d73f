// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.store.PageStore;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * Parameters of a restore.
 *
 * @param save opens the save; whoever calls it closes what it returns
 * @param target the QEMU to restore into
 * @param mode the restore mode
 * @param paused whether the guest stays paused after loading
 * @param inPlaceWithin how long writing all pages to their places may take for mode auto to prefer
 *     that to a guest that runs before
 * @param process id of QEMU's process; empty for the one that listens on the socket
 */
record RestoreRequest(
    Supplier<? extends PageStore> save,
    RestoreTarget target,
    RestoreMode mode,
    boolean paused,
    Duration inPlaceWithin,
    OptionalInt process) {

  RestoreRequest into(RestoreTarget other) {
    return new RestoreRequest(save, other, mode, paused, inPlaceWithin, process);
  }

  RestoreRequest by(RestoreMode other) {
    return new RestoreRequest(save, target, other, paused, inPlaceWithin, process);
  }

  RestoreRequest leftPaused() {
    return new RestoreRequest(save, target, mode, true, inPlaceWithin, process);
  }

  RestoreRequest inPlaceWithin(Duration limit) {
    return new RestoreRequest(save, target, mode, paused, limit, process);
  }

  RestoreRequest ofProcess(int id) {
    return new RestoreRequest(save, target, mode, paused, inPlaceWithin, OptionalInt.of(id));
  }
}
