// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.guest.Configuration;
import io.fixedram.qemu.check.LazyObstacles;
import io.fixedram.qemu.check.NativeObstacles;
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
 * What is in the way of each mode that a QEMU which waits may take. Each is looked at only when
 * that mode's turn comes.
 *
 * @param lazy of serving pages while the guest runs
 * @param memory of writing them to their places
 * @param ownLoader of QEMU's reading the file itself
 * @param qemu what QEMU is called
 */
record ModeObstacles(
    Supplier<Optional<LazyObstacle>> lazy,
    Supplier<Optional<MemoryObstacle>> memory,
    Supplier<Optional<NativeObstacle>> ownLoader,
    String qemu) {

  /**
   * Those of a save and a QEMU.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   * @param loader looks into QEMU's memory
   */
  static ModeObstacles of(
      PageStore save,
      Map<String, Boolean> capabilities,
      QemuMigration migration,
      MemoryLoader loader) {
    return new ModeObstacles(
        () -> LazyObstacles.find(save, capabilities, migration),
        () -> ofMemory(save).or(loader::obstacle),
        () -> NativeObstacles.find(save, capabilities, migration),
        migration.qmp().version().toString());
  }

  /** What is in the way of mode memory whatever the QEMU, where there is a choice. */
  static Optional<MemoryObstacle> ofMemory(PageStore save) {
    return save.isRandomAccess()
        ? lackOfMemory(save)
        : Optional.of(new MemoryObstacle.SequentialSave(save.name()));
  }

  /** Memory that the save does not hold, since it is shared, would be made zero. */
  static Optional<MemoryObstacle> lackOfMemory(PageStore save) {
    return save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)
        ? Optional.of(new MemoryObstacle.SharedMemoryLeftOut(save.name()))
        : Optional.empty();
  }
}
