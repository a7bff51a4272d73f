// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.guest.Configuration;
import io.fixedram.qemu.check.LazyObstacles;
import io.fixedram.qemu.check.NativeObstacles;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.LazyObstacle;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The restore mode, and the reason for it.
 *
 * @param mode never AUTO
 * @param why a part of a sentence, and what can be done to have a faster mode
 * @param obstacles why AUTO did not take a mode that it prefers, the most preferred first
 */
record ModeChoice(RestoreMode mode, Reason why, List<Obstacle> obstacles) {
  static final String ASKED_FOR = "asked for";

  /** Keeps a copy of the list. */
  ModeChoice {
    obstacles = List.copyOf(obstacles);
  }

  /** A mode for which nothing needs to be done. */
  static ModeChoice of(RestoreMode mode, String why) {
    return new ModeChoice(mode, Reason.of(why), List.of());
  }

  /**
   * Chooses.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   * @throws ObstacleException if the mode asked for is not possible
   */
  static ModeChoice choose(
      RestoreMode wanted,
      PageStore save,
      Map<String, Boolean> capabilities,
      QemuMigration migration) {
    return switch (wanted) {
      case STREAM -> of(RestoreMode.STREAM, ASKED_FOR);
      case MEMORY -> unless(withoutAllMemory(save), RestoreMode.MEMORY);
      case NATIVE ->
          unless(NativeObstacles.find(save, capabilities, migration), RestoreMode.NATIVE);
      case LAZY -> unless(LazyObstacles.find(save, capabilities, migration), RestoreMode.LAZY);
      case AUTO -> fastest(save, capabilities, migration);
      case INSTANT ->
          throw new IllegalArgumentException("restore mode instant is chosen before QEMU starts");
    };
  }

  private static ModeChoice unless(Optional<? extends Obstacle> obstacle, RestoreMode wanted) {
    if (obstacle.isPresent()) {
      throw new ObstacleException(
          "restore mode " + wanted.text() + " is not possible: ", obstacle.get());
    }
    return of(wanted, ASKED_FOR);
  }

  private static ModeChoice fastest(
      PageStore save, Map<String, Boolean> capabilities, QemuMigration migration) {
    Optional<LazyObstacle> notLazy = LazyObstacles.find(save, capabilities, migration);
    if (notLazy.isEmpty()) {
      return of(RestoreMode.LAZY, "QEMU can run the guest while its pages come");
    }
    ModeChoice other =
        NativeObstacles.find(save, capabilities, migration)
            .map(notNative ->
                new ModeChoice(
                    RestoreMode.STREAM, withoutModes(notNative.reason()), List.of(notNative)))
            .orElseGet(() ->
                of(
                    RestoreMode.NATIVE,
                    migration.qmp().version() + " loads mapped-ram files itself"));
    return other.insteadOf(RestoreMode.LAZY, notLazy.get());
  }

  /** Memory that the save does not hold, since it is shared, would be made zero. */
  private static Optional<MemoryObstacle> withoutAllMemory(PageStore save) {
    return save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)
        ? Optional.of(new MemoryObstacle.SharedMemoryLeftOut(save.name()))
        : Optional.empty();
  }

  /** The same choice, with why it is not a faster mode. */
  ModeChoice insteadOf(RestoreMode faster, Obstacle obstacle) {
    String sentence = why.sentence() + " (not " + faster.text() + ": " + obstacle.sentence() + ")";
    Stream<Remedy> remedies =
        Stream.concat(why.remedies().stream(), withoutModes(obstacle.reason()).remedies().stream());
    return new ModeChoice(
        mode,
        new Reason(sentence, remedies.distinct().toList()),
        Stream.concat(Stream.of(obstacle), obstacles.stream()).toList());
  }

  /** A reason without the remedies that are restore modes: one of these is taken. */
  private static Reason withoutModes(Reason reason) {
    return new Reason(
        reason.sentence(),
        reason.remedies().stream()
            .filter(each -> each != Remedy.RESTORE_BY_STREAM && each != Remedy.RESTORE_LAZILY)
            .toList());
  }

  /** Bytes of the save's stored pages, where QEMU takes them from the file itself. */
  OptionalLong presentBytes(PageStore save) {
    return switch (mode) {
      case NATIVE, INSTANT ->
          OptionalLong.of(
              SaveInfo.of(save).blocks().stream()
                  .mapToLong(block -> block.present() * block.pageSize())
                  .sum());
      case AUTO, LAZY, MEMORY, STREAM -> OptionalLong.empty();
    };
  }
}
