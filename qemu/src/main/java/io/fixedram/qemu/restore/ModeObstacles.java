// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.guest.Configuration;
import io.fixedram.qemu.check.LazyObstacles;
import io.fixedram.qemu.check.NativeObstacles;
import io.fixedram.qemu.check.SignatureChecks;
import io.fixedram.qemu.load.MemoryLoader;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.LazyObstacle;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.NativeObstacle;
import io.fixedram.store.PageStore;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The obstacles to each restore mode of a QEMU that waits. Each is determined only when it is
 * needed.
 *
 * @param lazy obstacle to mode lazy
 * @param memory obstacle to mode memory
 * @param nativeLoader obstacle to mode native
 * @param qemu name and version of QEMU
 */
record ModeObstacles(
    Supplier<Optional<LazyObstacle>> lazy,
    Supplier<Optional<MemoryObstacle>> memory,
    Supplier<Optional<NativeObstacle>> nativeLoader,
    String qemu) {

  /**
   * The obstacles for a save and a QEMU.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   * @param loader finds obstacles to writing QEMU's memory
   * @param verified whether all of the save was verified
   */
  static ModeObstacles of(
      PageStore save,
      Map<String, Boolean> capabilities,
      QemuMigration migration,
      MemoryLoader loader,
      boolean verified) {
    return new ModeObstacles(
        () -> LazyObstacles.find(save, capabilities, migration),
        () -> ofMemory(save).or(loader::obstacle),
        () ->
            NativeObstacles.find(save, capabilities, migration)
                .or(() ->
                    SignatureChecks.notKept(save, verified)
                        .map(why -> new NativeObstacle.SignatureNotKept(save.name(), why))),
        migration.qmp().version().toString());
  }

  /** The obstacle to mode memory that does not depend on QEMU, if auto has to choose. */
  static Optional<MemoryObstacle> ofMemory(PageStore save) {
    return save.isRandomAccess()
        ? lackOfMemory(save)
        : Optional.of(new MemoryObstacle.SequentialSave(save.name()));
  }

  /** The obstacle that the save lacks shared memory, which would be cleared. */
  static Optional<MemoryObstacle> lackOfMemory(PageStore save) {
    return save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)
        ? Optional.of(new MemoryObstacle.SharedMemoryLeftOut(save.name()))
        : Optional.empty();
  }
}
