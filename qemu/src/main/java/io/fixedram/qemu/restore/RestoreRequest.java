// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * Parameters of a restore.
 *
 * @param file the save
 * @param target the QEMU to restore into
 * @param mode the restore mode
 * @param paused whether the guest stays paused after loading
 * @param inPlaceWithin how long writing all pages to their places may take for mode auto to prefer
 *     that to a guest that runs before
 * @param process QEMU's, where another one made its socket
 */
record RestoreRequest(
    Path file,
    RestoreTarget target,
    RestoreMode mode,
    boolean paused,
    Duration inPlaceWithin,
    OptionalInt process) {

  RestoreRequest into(RestoreTarget other) {
    return new RestoreRequest(file, other, mode, paused, inPlaceWithin, process);
  }

  RestoreRequest by(RestoreMode other) {
    return new RestoreRequest(file, target, other, paused, inPlaceWithin, process);
  }

  RestoreRequest leftPaused() {
    return new RestoreRequest(file, target, mode, true, inPlaceWithin, process);
  }

  RestoreRequest inPlaceWithin(Duration limit) {
    return new RestoreRequest(file, target, mode, paused, limit, process);
  }

  RestoreRequest ofProcess(int id) {
    return new RestoreRequest(file, target, mode, paused, inPlaceWithin, OptionalInt.of(id));
  }
}
