// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.guest.TransferCounters;
import io.fixedram.qemu.check.IncomingChecks;
import io.fixedram.qemu.check.ManifestChecks;
import io.fixedram.qemu.check.SignatureChecks;
import io.fixedram.qemu.command.InspectionCommand;
import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.load.Destination;
import io.fixedram.qemu.load.InstantStart;
import io.fixedram.qemu.load.MemoryLoader;
import io.fixedram.qemu.load.QemuProcess;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.TemporarySettings;
import io.fixedram.qemu.obstacle.GuestDifference;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.store.PageStore;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Checks whether a save can be restored by a QEMU command, without loading it. QEMU is started by
 * the command, without its sockets, files, windows and network scripts, so that this is possible
 * beside a running guest of the same command; it is asked about its machine, and ended. It writes
 * to no disk. Immutable and thread-safe.
 */
public final class RestoreCheck {
  private final Supplier<? extends PageStore> save;
  private final List<String> command;
  private final QemuStarter starter;

  private RestoreCheck(
      Supplier<? extends PageStore> save, List<String> command, QemuStarter starter) {
    this.save = save;
    this.command = List.copyOf(command);
    this.starter = starter;
  }

  /**
   * A check.
   *
   * @param save opens the save; it is closed at the end of {@link #run}
   * @param command the words of a QEMU command line, without {@code -incoming}
   */
  public static RestoreCheck of(Supplier<? extends PageStore> save, List<String> command) {
    return new RestoreCheck(save, command, QemuStarter.inheriting());
  }

  /** Sets the starter of QEMU's process. */
  public RestoreCheck starter(QemuStarter other) {
    return new RestoreCheck(save, command, other);
  }

  /**
   * Runs the check.
   *
   * @throws FixedRamException if the save can't be read, or QEMU does not start
   */
  public CheckReport run(RestoreListener listener, Cancellation cancellation) {
    try (PageStore store = save.get()) {
      if (store.isRandomAccess()) {
        store.deviceState();
      }
      List<String> words = InspectionCommand.of(QemuCommandLine.of(command));
      Destination destination =
          Destination.start(new QemuProcess.Command(words, false, starter), listener, cancellation);
      try (destination) {
        CheckReport report = checkOrAbandon(store, destination, listener, cancellation);
        destination.quit();
        return report;
      }
    }
  }

  private CheckReport checkOrAbandon(
      PageStore store,
      Destination destination,
      RestoreListener listener,
      Cancellation cancellation) {
    try {
      return check(store, destination, listener, cancellation);
    } catch (RuntimeException | Error e) {
      destination.abandon(e);
      throw e;
    }
  }

  private CheckReport check(
      PageStore store,
      Destination destination,
      RestoreListener listener,
      Cancellation cancellation) {
    QemuMigration migration = new QemuMigration(destination.qmp());
    Optional<Reason> obstacle = obstacle(() -> new IncomingChecks(migration, store).run());
    Optional<ManifestChecks> checks =
        ManifestChecks.find(store, destination.qmp(), OptionalInt.empty(), Set.of(), listener);
    List<GuestDifference> differences = checks.map(ManifestChecks::differences).orElse(List.of());
    boolean loadable =
        obstacle.isEmpty()
            && differences.stream()
                .noneMatch(each -> each.effect() == GuestDifference.Effect.NOT_LOADABLE);
    return new CheckReport(
        destination.qmp().version(),
        checks.isPresent(),
        obstacle,
        differences,
        checks.map(ManifestChecks::disks).orElse(List.of()),
        loadable ? modes(store, destination, migration, listener, cancellation) : Map.of());
  }

  private static Optional<Reason> obstacle(Runnable check) {
    try {
      check.run();
      return Optional.empty();
    } catch (ObstacleException e) {
      return Optional.of(e.obstacle().reason());
    }
  }

  private Map<RestoreMode, Optional<Reason>> modes(
      PageStore store,
      Destination destination,
      QemuMigration migration,
      RestoreListener listener,
      Cancellation cancellation) {
    MemoryLoader loader =
        new MemoryLoader(
            store,
            destination,
            OptionalInt.empty(),
            new TransferCounters(),
            listener,
            cancellation);
    ModeObstacles obstacles =
        ModeObstacles.of(
            store, new TemporarySettings(migration.qmp()).capabilities(), migration, loader, true);
    Map<RestoreMode, Optional<Reason>> modes = new EnumMap<>(RestoreMode.class);
    modes.put(
        RestoreMode.INSTANT,
        SignatureChecks.notKept(store, true)
            .map(why -> new InstantObstacle.SignatureNotKept(store.name(), why).reason())
            .or(() -> obstacle(() -> tryMapping(store, cancellation))));
    modes.put(RestoreMode.LAZY, obstacles.lazy().get().map(Obstacle::reason));
    modes.put(RestoreMode.MEMORY, obstacles.memory().get().map(Obstacle::reason));
    modes.put(RestoreMode.NATIVE, obstacles.nativeLoader().get().map(Obstacle::reason));
    modes.put(RestoreMode.STREAM, Optional.empty());
    loader.close();
    return modes;
  }

  private void tryMapping(PageStore store, Cancellation cancellation) {
    InstantStart.prepare(store, QemuCommandLine.of(command), cancellation).close();
  }
}
