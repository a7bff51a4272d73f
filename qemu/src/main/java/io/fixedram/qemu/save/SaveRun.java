// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.bytes.ByteSource;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.TransferCounters;
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
import io.fixedram.stream.StreamDecoder;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WrittenSave;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * One save of the guest of a running QEMU. In mode stream, QEMU migrates to a socket of this
 * process, and each page of the migration stream is written to its place in the file; in mode
 * memory, the pages are read from QEMU's memory without a migration. QEMU's migration settings are
 * always restored. If the save fails, the guest is brought back into its previous state and no file
 * is published. A migration of another client is not touched; settings that were changed for this
 * save are restored when it has ended.
 */
final class SaveRun {
  private static final Duration CANCEL_TIME = Duration.ofMillis(500);
  private static final Duration QUIT_TIME = Duration.ofSeconds(10);

  private final SaveRequest request;
  private final SaveChoice choice;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final OutgoingMigration own;
  private final TemporarySettings settings;
  private final LiveView view = new LiveView(new TransferCounters(), "starting");
  private final long startNanos;

  /** Whether QEMU has sent a description of the fields of its device state. */
  private boolean described;

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
      SaveOutcome outcome;
      WrittenSave written;
      SaveUndo undo = new SaveUndo(own, settings, listener, cancellation);
      MemoryTransfer inPlace =
          new MemoryTransfer(request, choice, own, view, listener, cancellation);
      try {
        cancellation.throwIfCancelled();
        outcome =
            switch (request.mode()) {
              case STREAM -> migrate(writer.sink(), before);
              case MEMORY -> inPlace.run(writer.sink(), before);
              case AUTO -> throw new IllegalStateException("the save mode was not chosen");
            };
        SaveManifest.take(request, own.cancellable().qmp(), listener).ifPresent(writer::manifest);
        view.phase("writing to disk");
        written = writer.publish(cancellation);
      } catch (FixedRamException e) {
        FixedRamException reason = reason(e);
        undo(undo, reason, before, inPlace);
        throw reason;
      } catch (RuntimeException | Error e) {
        undo(undo, e, before, inPlace);
        throw e;
      }
      if (outcome.resumeFailure().isEmpty()) {
        inPlace.guestIsAsWanted();
      }
      leave(outcome, before);
      boolean disksLocked =
          request.mode() == SaveMode.MEMORY
              && request.then() == AfterSave.PAUSE
              && new DiskRelease(own.qemu(), listener).run();
      return report(written, outcome, liveUnderTcg, disksLocked);
    }
  }

  /** Undoes the effects of the save. A guest that could not be resumed is left to its guard. */
  private static void undo(
      SaveUndo undo, Throwable reason, GuestStatus before, MemoryTransfer inPlace) {
    inPlace.tellOfResumed();
    if (undo.run(reason, before)) {
      inPlace.guestIsAsWanted();
    }
  }

  private SaveOutcome migrate(SaveSink sink, GuestStatus before) {
    change();
    if (request.stopFirst()) {
      own.stopGuest();
    }
    SaveOutcome outcome = transfer(sink, before);
    putBack();
    return outcome;
  }

  /** Changes the settings that QEMU reads when a migration starts. */
  private void change() {
    settings.setPlainStream();
    settings.setParameter("mode", "normal");
    settings.replaceParameter("zero-page-detection", "none", "legacy");
    request
        .maxDowntime()
        .ifPresent(limit -> settings.setParameter("downtime-limit", Math.max(1, limit.toMillis())));
  }

  private SaveOutcome transfer(SaveSink sink, GuestStatus before) {
    boolean live = before.running() && !request.stopFirst();
    MigrationWatch.Plan plan =
        new MigrationWatch.Plan(
            live ? request.maxPasses() : 0,
            () -> begun(live),
            this::putBack,
            request.then() == AfterSave.RESUME && before.running());
    try (OutgoingChannel connection = OutgoingChannel.start(own, listener);
        Cancellation.Registration _ = cancellation.onCancel(() -> closeLater(connection))) {
      try (MigrationWatch watch =
          new MigrationWatch(own, connection, plan, view, listener, cancellation)) {
        try {
          return receive(sink, connection, watch);
        } catch (RuntimeException | Error e) {
          end(connection);
          throw e;
        }
      }
    }
  }

  /**
   * Removes QEMU's bandwidth limit (128 MiB/s in 7.2). Not done earlier, so that no other client's
   * migration is sped up.
   */
  private void begun(boolean live) {
    settings.setParameter("max-bandwidth", 0);
    view.phase(live ? "saving live" : "saving");
    listener.started(view);
  }

  /**
   * Closes the connection after a while, so that reading ends even if QEMU ignores the
   * cancellation.
   */
  private static void closeLater(OutgoingChannel connection) {
    CompletableFuture.delayedExecutor(CANCEL_TIME.toMillis(), TimeUnit.MILLISECONDS)
        .execute(connection::close);
  }

  /**
   * Ends a migration that is no longer wanted. QEMU would report a closed connection as a failure,
   * so it is told to cancel first. While it sends the rest of a stopped guest, it does not answer
   * until the connection has taken everything or is closed.
   */
  private void end(OutgoingChannel connection) {
    try {
      own.cancel(CANCEL_TIME);
    } catch (FixedRamException e) {
      connection.close();
    }
  }

  private SaveOutcome receive(SaveSink sink, OutgoingChannel connection, MigrationWatch watch) {
    try {
      String name = "QEMU's migration stream";
      SaveSink counted = new CountingSink(sink, view.counters(), cancellation);
      new StreamDecoder(ByteSource.of(connection.channel(), name), name)
          .sendTo(new DeviceListener(counted, state -> described = state.describesFields()));
    } catch (FixedRamException e) {
      throw watch.cause(e);
    }
    watch.streamEnded();
    return watch.awaitCompleted().saved();
  }

  /** The save is complete; failing to restore settings must not fail it. */
  private void putBack() {
    try {
      settings.putBack();
    } catch (FixedRamException e) {
      listener.warning("QEMU's migration settings could not be put back: " + e.getMessage());
    }
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
      WrittenSave written, SaveOutcome outcome, boolean liveUnderTcg, boolean disksLocked) {
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
        request.then());
  }
}
