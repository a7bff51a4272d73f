// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.guest.TransferCounters;
import io.fixedram.qemu.disk.DiskRelease;
import io.fixedram.qemu.disk.DiskSnapshot;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.OutgoingChecks;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.SafeTransferListener;
import io.fixedram.qemu.migration.TemporarySettings;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.LateAnswerException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WrittenSave;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * One save of the guest of a running QEMU. In mode stream, QEMU migrates to a socket of this
 * process, and each page of the migration stream is written to its place in the file; in mode
 * memory, the pages are read from QEMU's memory without a migration. QEMU's migration settings are
 * always restored. If the save fails, the guest is brought back into its previous state and no file
 * is published. A migration of another client is not touched; settings that were changed for this
 * save are restored when it has ended.
 */
final class SaveRun {
  private static final Duration QUIT_TIME = Duration.ofSeconds(10);

  private final SaveRequest request;
  private final SaveChoice choice;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final OutgoingMigration own;
  private final TemporarySettings settings;
  private final LiveView view = new LiveView(new TransferCounters(), "starting");
  private final long startNanos;

  private SaveRun(
      SaveRequest request,
      SaveChoice choice,
      TransferListener listener,
      Cancellation cancellation,
      QemuMigration migration,
      long startNanos) {
    this.request = request;
    this.startNanos = startNanos;
    this.choice = choice;
    this.listener = new SafeTransferListener(listener);
    this.cancellation = cancellation;
    this.own = new OutgoingMigration(migration);
    this.settings = new TemporarySettings(own.cancellable().qmp(), own.qemu().qmp());
  }

  /**
   * Saves a guest. Returns when the file is complete and the guest is in the requested state.
   *
   * @throws FixedRamException if the guest was not saved; or if it was saved, as the message then
   *     says, but could not be brought into the requested state
   */
  static SaveReport run(SaveRequest request, TransferListener listener, Cancellation cancellation) {
    long startNanos = System.nanoTime();
    try (QmpClient qmp = QmpClient.connect(request.qmp(), cancellation)) {
      QemuMigration migration = new QemuMigration(qmp);
      GuestStatus before = new OutgoingChecks(migration).run();
      try (SaveChoice choice = SaveChoice.of(request, before, qmp)) {
        return run(request, choice, listener, cancellation, migration, before, startNanos);
      } catch (ObstacleException e) {
        if (request.mode() == SaveMode.AUTO
            && e.obstacle() instanceof MemoryObstacle found
            && found.remedies().contains(Remedy.USE_STREAM)
            && !(found instanceof MemoryObstacle.SlowDisk)) {
          // Found only when the guest was read, or its devices, which takes time: all that could
          // be changed meanwhile is checked again. A stream would wait for the same disk.
          GuestStatus now = new OutgoingChecks(migration).run();
          if (now.running() != before.running()) {
            throw e;
          }
          SaveChoice stream = SaveChoice.streamInsteadOf(found);
          return run(request, stream, listener, cancellation, migration, now, startNanos);
        }
        throw e;
      }
    }
  }

  private static SaveReport run(
      SaveRequest request,
      SaveChoice choice,
      TransferListener listener,
      Cancellation cancellation,
      QemuMigration migration,
      GuestStatus before,
      long startNanos) {
    listener.note(choice.why().after("save mode " + choice.mode().text() + ": "));
    SaveRequest chosen = request.with(draft -> draft.mode = choice.mode());
    return new SaveRun(chosen, choice, listener, cancellation, migration, startNanos).save(before);
  }

  private SaveReport save(GuestStatus before) {
    boolean liveUnderTcg =
        request.mode() == SaveMode.STREAM
            && before.running()
            && !request.stopFirst()
            && own.cancellable().lacksKvm();
    try (SaveWriter writer =
        SaveWriter.create(request.file(), request.format(), request.options())) {
      // Only now, since it changes QEMU.
      Optional<DiskSnapshot> snapshot = snapshot();
      try {
        return save(before, writer, snapshot, liveUnderTcg);
      } finally {
        snapshot.ifPresent(DiskSnapshot::close);
      }
    }
  }

  private Optional<DiskSnapshot> snapshot() {
    QmpClient qmp = own.qemu().qmp();
    return request
        .snapshot()
        .map(names ->
            DiskSnapshot.prepare(
                qmp, names, request.process().isPresent() ? request.process() : peer(qmp)));
  }

  private static OptionalInt peer(QmpClient qmp) {
    OptionalInt peer = qmp.peerProcess();
    return peer.orElse(0) > 0 ? peer : OptionalInt.empty();
  }

  private SaveReport save(
      GuestStatus before,
      SaveWriter writer,
      Optional<DiskSnapshot> snapshot,
      boolean liveUnderTcg) {
    SaveOutcome outcome;
    WrittenSave written;
    SaveUndo undo = new SaveUndo(own, settings, listener, cancellation);
    MemoryTransfer inPlace =
        new MemoryTransfer(request, choice, own, snapshot, view, listener, cancellation);
    StreamTransfer stream =
        new StreamTransfer(request, own, settings, snapshot, view, listener, cancellation);
    DiskRelease release = new DiskRelease(own.qemu(), listener);
    boolean disksLocked = false;
    try {
      cancellation.throwIfCancelled();
      outcome =
          switch (request.mode()) {
            case STREAM -> stream.run(writer.sink(), before);
            case MEMORY -> inPlace.run(writer.sink(), before);
            case AUTO -> throw new IllegalStateException("the save mode was not chosen");
          };
      if (request.mode() == SaveMode.MEMORY && request.then() != AfterSave.RESUME) {
        // Before the facts about the disks are taken, which QEMU may write to here.
        boolean ends = request.then() == AfterSave.QUIT && before.running();
        disksLocked = release.run(ends) && request.then() == AfterSave.PAUSE;
      }
      SaveManifest.take(request, snapshot, own.cancellable().qmp(), listener)
          .ifPresent(writer::manifest);
      view.phase("writing to disk");
      written = writer.publish(cancellation);
    } catch (FixedRamException e) {
      FixedRamException reason = reason(e);
      undo(undo, reason, before, inPlace, release, snapshot);
      throw reason;
    } catch (RuntimeException | Error e) {
      undo(undo, e, before, inPlace, release, snapshot);
      throw e;
    }
    if (outcome.resumeFailure().isEmpty()) {
      inPlace.guestIsAsWanted();
    }
    leave(outcome, before);
    return report(
        written, outcome, liveUnderTcg, stream.described(), disksLocked, overlays(snapshot));
  }

  private static List<DiskOverlay> overlays(Optional<DiskSnapshot> snapshot) {
    return snapshot.map(DiskSnapshot::overlays).orElse(List.of());
  }

  /** Undoes the effects of the save. A guest that could not be resumed is left to its guard. */
  private void undo(
      SaveUndo undo,
      Throwable reason,
      GuestStatus before,
      MemoryTransfer inPlace,
      DiskRelease release,
      Optional<DiskSnapshot> snapshot) {
    inPlace.tellOfResumed();
    if (undo.run(reason, before)) {
      inPlace.guestIsAsWanted();
    }
    if (request.mode() == SaveMode.MEMORY && !before.running()) {
      release.takeBack();
    }
    snapshot
        .filter(DiskSnapshot::isTaken)
        .ifPresent(disks -> disks.wayBack().forEach(listener::warning));
  }

  /** The failure to report, which may be the cause of a refusal or of a missing answer. */
  private FixedRamException reason(FixedRamException failure) {
    return switch (failure) {
      case QmpException refused -> reason(refused);
      case LateAnswerException _ when cancellation.isCancelled() -> new CancelledException();
      default -> failure;
    };
  }

  private FixedRamException reason(QmpException refused) {
    if (own.hasBegun()) {
      return refused;
    }
    try {
      MigrationState state = own.cancellable().state();
      return state.isUnderWay() ? OutgoingChecks.underWay(state) : refused;
    } catch (FixedRamException e) {
      return refused;
    }
  }

  /** Brings the guest into the requested state. A failure also says that the file is complete. */
  private void leave(SaveOutcome outcome, GuestStatus before) {
    try {
      finish(outcome, before);
    } catch (FixedRamException e) {
      throw new FixedRamException(request.file() + " is complete, but " + e.sentence(), e);
    }
  }

  private void finish(SaveOutcome outcome, GuestStatus before) {
    if (request.then() == AfterSave.RESUME && !before.running()) {
      // Not earlier, since a guest that was paused must stay paused if the save fails.
      resume();
    }
    if (request.then() == AfterSave.RESUME && before.running() && !outcome.resumed()) {
      listener.warning(
          "another client of QEMU stopped the guest during the save, so it was not resumed");
    }
    outcome
        .resumeFailure()
        .ifPresent(why -> {
          throw stands(why);
        });
    if (request.then() == AfterSave.QUIT) {
      quit();
    }
  }

  private void resume() {
    try {
      own.cancellable().resumeGuest();
    } catch (FixedRamException e) {
      throw stands(e);
    }
  }

  private static FixedRamException stands(FixedRamException why) {
    return new FixedRamException("the guest could not be resumed: " + why.sentence(), why);
  }

  private void quit() {
    long until = System.nanoTime() + QUIT_TIME.toNanos();
    QmpClient qmp = own.qemu().qmp();
    try {
      var _ = qmp.send("quit");
      while (System.nanoTime() < until) {
        cancellation.throwIfCancelled();
        var _ = qmp.nextEvent(Duration.ofMillis(100));
      }
    } catch (QemuGoneException e) {
      return;
    } catch (CancelledException e) {
      throw new FixedRamException(
          "QEMU was told to end, but waiting for its end was interrupted", e);
    }
    throw new FixedRamException("QEMU does not end though it was told to");
  }

  private SaveReport report(
      WrittenSave written,
      SaveOutcome outcome,
      boolean liveUnderTcg,
      boolean described,
      boolean disksLocked,
      List<DiskOverlay> overlays) {
    return new SaveReport(
        choice.mode(),
        choice.why().sentence(),
        choice.notMemory(),
        request.format(),
        request.file(),
        written.ramBytes(),
        written.pageBytes(),
        written.writtenBytes(),
        written.fileBytes(),
        written.diskBytes(),
        written.whyCached(),
        view.transferredBytes(),
        (System.nanoTime() - startNanos) / 1e9,
        outcome.downtime().toNanos() / 1e9,
        outcome
            .predicted()
            .map(each -> OptionalDouble.of(each.toNanos() / 1e9))
            .orElseGet(OptionalDouble::empty),
        outcome.resumed(),
        outcome.passes(),
        liveUnderTcg,
        described,
        request.options().key().isPresent(),
        disksLocked,
        overlays,
        request.then());
  }
}
