// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.store.PageStore;
import java.util.Map;
import java.util.Optional;

/** Finds the way by which a save goes into a QEMU. */
final class IncomingWays {
  private static final String ASKED_FOR = "asked for";

  private IncomingWays() {}

  /**
   * A way and the reason for it.
   *
   * @param via never AUTO
   * @param why a part of a sentence
   */
  record Choice(RestoreVia via, String why) {}

  /**
   * Chooses.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   * @throws FixedRamException if the way asked for is not possible
   */
  static Choice choose(
      RestoreVia wanted,
      PageStore save,
      Map<String, Boolean> capabilities,
      QemuMigration migration) {
    return switch (wanted) {
      case STREAM -> new Choice(RestoreVia.STREAM, ASKED_FOR);
      case NATIVE -> unless(NativeObstacles.find(save, capabilities, migration), RestoreVia.NATIVE);
      case LAZY -> unless(LazyObstacles.find(save, capabilities, migration), RestoreVia.LAZY);
      case AUTO -> fastest(save, capabilities, migration);
      case INSTANT ->
          throw new IllegalArgumentException("no guest is restored --via " + wanted.text());
    };
  }

  private static Choice unless(Optional<String> obstacle, RestoreVia wanted) {
    if (obstacle.isPresent()) {
      throw new FixedRamException("--via " + wanted.text() + " is not possible: " + obstacle.get());
    }
    return new Choice(wanted, ASKED_FOR);
  }

  private static Choice fastest(
      PageStore save, Map<String, Boolean> capabilities, QemuMigration migration) {
    Optional<String> notLazy = LazyObstacles.find(save, capabilities, migration);
    if (notLazy.isEmpty()) {
      return new Choice(RestoreVia.LAZY, "QEMU can run the guest while its pages come");
    }
    String reason = "not lazy: " + notLazy.get();
    Optional<String> notNative = NativeObstacles.find(save, capabilities, migration);
    return notNative.isEmpty()
        ? new Choice(
            RestoreVia.NATIVE,
            migration.qmp().version() + " loads mapped-ram files itself (" + reason + ")")
        : new Choice(RestoreVia.STREAM, notNative.get() + " (" + reason + ")");
  }
}
