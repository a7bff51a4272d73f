// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.check.LazyObstacles;
import io.fixedram.qemu.check.NativeObstacles;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The restore mode, and the reason for it.
 *
 * @param mode never AUTO
 * @param why a part of a sentence
 */
record ModeChoice(RestoreMode mode, String why) {
  private static final String ASKED_FOR = "asked for";

  /**
   * Chooses.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   * @throws FixedRamException if the mode asked for is not possible
   */
  static ModeChoice choose(
      RestoreMode wanted,
      PageStore save,
      Map<String, Boolean> capabilities,
      QemuMigration migration) {
    return switch (wanted) {
      case STREAM -> new ModeChoice(RestoreMode.STREAM, ASKED_FOR);
      case NATIVE ->
          unless(NativeObstacles.find(save, capabilities, migration), RestoreMode.NATIVE);
      case LAZY -> unless(LazyObstacles.find(save, capabilities, migration), RestoreMode.LAZY);
      case AUTO -> fastest(save, capabilities, migration);
      case INSTANT ->
          throw new IllegalArgumentException("no guest is restored --via " + wanted.text());
    };
  }

  private static ModeChoice unless(Optional<String> obstacle, RestoreMode wanted) {
    if (obstacle.isPresent()) {
      throw new FixedRamException("--via " + wanted.text() + " is not possible: " + obstacle.get());
    }
    return new ModeChoice(wanted, ASKED_FOR);
  }

  private static ModeChoice fastest(
      PageStore save, Map<String, Boolean> capabilities, QemuMigration migration) {
    Optional<String> notLazy = LazyObstacles.find(save, capabilities, migration);
    if (notLazy.isEmpty()) {
      return new ModeChoice(RestoreMode.LAZY, "QEMU can run the guest while its pages come");
    }
    String reason = "not lazy: " + notLazy.get();
    Optional<String> notNative = NativeObstacles.find(save, capabilities, migration);
    return notNative.isEmpty()
        ? new ModeChoice(
            RestoreMode.NATIVE,
            migration.qmp().version() + " loads mapped-ram files itself (" + reason + ")")
        : new ModeChoice(RestoreMode.STREAM, notNative.get() + " (" + reason + ")");
  }

  /** Bytes of the save's stored pages, where QEMU takes them from the file itself. */
  OptionalLong presentBytes(PageStore save) {
    return switch (mode) {
      case NATIVE, INSTANT ->
          OptionalLong.of(
              SaveInfo.of(save).blocks().stream()
                  .mapToLong(block -> block.present() * block.pageSize())
                  .sum());
      case AUTO, LAZY, STREAM -> OptionalLong.empty();
    };
  }
}
