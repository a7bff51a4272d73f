// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.obstacle.LazyObstacle;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The restore mode, and the reason for it.
 *
 * @param mode never AUTO
 * @param why a clause, and remedies that make a better mode possible
 * @param obstacles why AUTO did not take a mode that it prefers, the most preferred first
 */
record ModeChoice(RestoreMode mode, Reason why, List<Obstacle> obstacles) {
  static final String ASKED_FOR = "asked for";

  /** Remedies that are restore modes. */
  private static final Set<Remedy> MODES =
      Set.of(Remedy.USE_STREAM, Remedy.RESTORE_LAZILY, Remedy.RESTORE_IN_PLACE);

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
   * @param start what was decided before QEMU started
   * @param version QEMU's version
   * @throws ObstacleException if the mode asked for is not possible
   */
  static ModeChoice choose(
      RestoreMode wanted,
      RestoreStart start,
      PageStore save,
      ModeObstacles obstacles,
      QemuVersion version) {
    if (start.instant().isPresent()) {
      return of(
          RestoreMode.INSTANT,
          wanted == RestoreMode.INSTANT
              ? ASKED_FOR
              : "the guest's RAM can be a mapping of the file");
    }
    return switch (wanted) {
      case STREAM -> of(RestoreMode.STREAM, ASKED_FOR);
      case MEMORY -> unless(ModeObstacles.lackOfMemory(save), RestoreMode.MEMORY);
      case NATIVE -> unless(obstacles.nativeLoader().get(), RestoreMode.NATIVE);
      case LAZY -> unless(obstacles.lazy().get(), RestoreMode.LAZY);
      case AUTO -> best(start.soonInPlace(version), start.notInstant(), obstacles);
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

  /**
   * The best mode of a QEMU that waits without a mapping.
   *
   * @param soonInPlace whether all pages are expected to be written to QEMU's memory within the
   *     limit
   * @param notInstant why RAM is not a mapping, if that was tried
   */
  static ModeChoice best(
      boolean soonInPlace, Optional<Obstacle> notInstant, ModeObstacles obstacles) {
    Optional<MemoryObstacle> notMemory = Optional.empty();
    if (soonInPlace) {
      notMemory = obstacles.memory().get();
      if (notMemory.isEmpty()) {
        return of(
            RestoreMode.MEMORY,
            "all of the save can soon be in its place in QEMU's memory, and the guest depends on"
                + " nothing then");
      }
    }
    return withoutWaiting(notMemory, obstacles).insteadOf(RestoreMode.INSTANT, notInstant);
  }

  private static ModeChoice withoutWaiting(
      Optional<MemoryObstacle> refused, ModeObstacles obstacles) {
    Optional<LazyObstacle> notLazy = obstacles.lazy().get();
    if (notLazy.isEmpty()) {
      return of(RestoreMode.LAZY, "QEMU can run the guest while its pages come")
          .insteadOf(RestoreMode.MEMORY, refused);
    }
    Optional<MemoryObstacle> notMemory = refused.or(obstacles.memory());
    ModeChoice other =
        notMemory.isEmpty()
            ? of(RestoreMode.MEMORY, "QEMU's memory can be written in place")
            : whole(obstacles).insteadOf(RestoreMode.MEMORY, notMemory);
    return other.insteadOf(RestoreMode.LAZY, notLazy);
  }

  /** A mode in which QEMU loads all of the guest before it runs. */
  private static ModeChoice whole(ModeObstacles obstacles) {
    return obstacles
        .nativeLoader()
        .get()
        .map(notNative ->
            new ModeChoice(
                RestoreMode.STREAM, withoutModes(notNative.reason()), List.of(notNative)))
        .orElseGet(
            () -> of(RestoreMode.NATIVE, obstacles.qemu() + " loads mapped-ram files itself"));
  }

  private ModeChoice insteadOf(RestoreMode better, Optional<? extends Obstacle> obstacle) {
    return obstacle.isPresent() ? insteadOf(better, obstacle.get()) : this;
  }

  /** The same choice, with the obstacle to a better mode. */
  ModeChoice insteadOf(RestoreMode better, Obstacle obstacle) {
    String sentence = why.sentence() + " (not " + better.text() + ": " + obstacle.sentence() + ")";
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
        reason.remedies().stream().filter(each -> !MODES.contains(each)).toList());
  }

  /** Size of the save's stored pages, if QEMU takes them from the file itself. */
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
