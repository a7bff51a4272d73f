// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.Cancellation;
import io.fixedram.qemu.MigrationWatch.Outcome;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.stream.StreamDecoder;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WrittenSave;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Saves the guest of a running QEMU: QEMU migrates into a socket of ours, and what comes out of it
 * goes into the file page by page. Whatever happens, QEMU's migration settings end as they were;
 * and unless the save succeeds the guest does what it did before, and no file appears.
 */
public final class GuestSave {
  private static final Duration CANCEL_TIME = Duration.ofSeconds(1);
  private static final Duration CLEANUP_TIME = Duration.ofSeconds(10);
  private static final Duration QUIT_TIME = Duration.ofSeconds(10);

  private final SaveRequest request;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final QemuMigration migration;
  private final LiveView view = new LiveView(new TransferCounters(), "starting");
  private final long startNanos = System.nanoTime();

  private GuestSave(
      SaveRequest request,
      TransferListener listener,
      Cancellation cancellation,
      QemuMigration migration) {
    this.request = request;
    this.listener = listener;
    this.cancellation = cancellation;
    this.migration = migration;
  }

  /**
   * Saves a guest. Returns when the file is complete and the guest is as asked for.
   *
   * @throws FixedRamException if the guest was not saved; or, saying so, if it was but could not be
   *     left as asked for
   */
  public static SaveReport run(
      SaveRequest request, TransferListener listener, Cancellation cancellation) {
    try (QmpClient qmp = QmpClient.connect(request.qmp())) {
      return new GuestSave(request, listener, cancellation, new QemuMigration(qmp)).save();
    }
  }

  private SaveReport save() {
    GuestStatus before = new OutgoingChecks(migration).run();
    boolean liveUnderTcg = before.running() && !request.stopFirst() && migration.lacksKvm();
    try (SaveWriter writer =
        SaveWriter.create(request.file(), request.format(), request.options())) {
      MigrationSettings settings = new MigrationSettings(migration.qmp());
      Outcome outcome;
      WrittenSave written;
      try {
        cancellation.throwIfCancelled();
        change(settings);
        if (request.stopFirst()) {
          migration.stopGuest();
        }
        outcome = transfer(writer.sink(), before);
        putBack(settings);
        view.phase("writing to disk");
        cancellation.throwIfCancelled();
        written = writer.publish();
      } catch (RuntimeException | Error e) {
        bringBack(e, before, settings);
        throw e;
      }
      finish(outcome, before);
      return report(written, outcome, liveUnderTcg);
    }
  }

  private static void change(MigrationSettings settings) {
    settings.setPlainStream();
    settings.setCapabilities(Map.of("events", true));
    // No limit: QEMU 7.2's own is 128 MiB/s.
    settings.setParameter("max-bandwidth", 0);
    settings.setParameter("mode", "normal");
    settings.replaceParameter("zero-page-detection", "none", "legacy");
  }

  private Outcome transfer(SaveSink sink, GuestStatus before) {
    boolean live = before.running() && !request.stopFirst();
    MigrationWatch.Plan plan =
        new MigrationWatch.Plan(
            live ? request.maxPasses() : 0, request.then() == AfterSave.RESUME && before.running());
    try (OutgoingChannel connection = OutgoingChannel.start(migration, listener, cancellation);
        Cancellation.Registration _ = cancellation.onCancel(() -> closeLater(connection))) {
      view.phase(live ? "saving live" : "saving");
      listener.started(view);
      try (MigrationWatch watch =
          new MigrationWatch(migration, connection, plan, view, listener, cancellation)) {
        try {
          return receive(sink, connection, watch);
        } catch (FixedRamException e) {
          end(connection);
          throw e;
        }
      }
    }
  }

  /** For a QEMU that does not take a cancellation: it must not keep us reading. */
  private static void closeLater(OutgoingChannel connection) {
    CompletableFuture.delayedExecutor(CANCEL_TIME.toMillis(), TimeUnit.MILLISECONDS)
        .execute(connection::close);
  }

  /**
   * Ends a migration that is not wanted any more. QEMU would take a closed connection for a
   * failure, so it is told first; but while it sends the last of a stopped guest it answers nobody
   * until the connection takes all of it, or is closed.
   */
  private void end(OutgoingChannel connection) {
    try {
      migration.within(CANCEL_TIME).cancel();
    } catch (FixedRamException e) {
      connection.close();
    }
  }

  private Outcome receive(SaveSink sink, OutgoingChannel connection, MigrationWatch watch) {
    try {
      String name = "QEMU's migration stream";
      new StreamDecoder(ByteSource.of(connection.channel(), name), name)
          .sendTo(new CountingSink(sink, view.counters(), cancellation));
    } catch (FixedRamException e) {
      throw watch.cause(e);
    }
    return watch.awaitCompleted();
  }

  /** The save is all there: that its settings stay behind in a QEMU that is gone is no reason. */
  private void putBack(MigrationSettings settings) {
    try {
      settings.putBack();
    } catch (FixedRamException e) {
      listener.warning("QEMU's migration settings could not be put back: " + e.getMessage());
    }
  }

  private void bringBack(Throwable failure, GuestStatus before, MigrationSettings settings) {
    if (failure instanceof QemuGoneException) {
      return;
    }
    QemuMigration hurried = migration.within(CLEANUP_TIME);
    if (!attempt(failure, () -> hurried.cancelAndWait(CLEANUP_TIME))) {
      listener.warning(
          "QEMU does not answer, so its migration settings may stay as the save had them");
      return;
    }
    if (!attempt(failure, () -> bringBackGuest(hurried, before))) {
      listener.warning("it is not known whether the guest runs on as it did before");
    }
    if (!attempt(failure, settings::putBack)) {
      listener.warning("QEMU's migration settings could not be put back");
    }
  }

  private void bringBackGuest(QemuMigration hurried, GuestStatus before) {
    GuestStatus now = hurried.guest();
    if (before.running() && !now.running()) {
      hurried.resumeGuest();
    } else if (now.is("postmigrate")) {
      // Only running leads out of that state.
      listener.warning("the guest must run (QMP 'cont') before it can be saved again");
    }
  }

  /** Does a part of the cleaning up; what fails in it must not hide what made it necessary. */
  private static boolean attempt(Throwable failure, Runnable part) {
    try {
      part.run();
      return true;
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
      return false;
    }
  }

  private void finish(Outcome outcome, GuestStatus before) {
    if (request.then() == AfterSave.RESUME && !before.running()) {
      // Only now: had the save failed, a guest that was paused would have had to stay so.
      migration.resumeGuest();
    }
    if (outcome.resumeFailure().isPresent()) {
      FixedRamException why = outcome.resumeFailure().get();
      throw new FixedRamException(
          request.file() + " is complete, but the guest could not go on: " + why.getMessage(), why);
    }
    if (request.then() == AfterSave.QUIT) {
      quit();
    }
  }

  private void quit() {
    long until = System.nanoTime() + QUIT_TIME.toNanos();
    try {
      migration.qmp().execute("quit");
      while (System.nanoTime() < until) {
        migration.qmp().nextEvent(Duration.ofMillis(100));
      }
    } catch (QemuGoneException e) {
      return;
    }
    throw new FixedRamException(
        request.file() + " is complete, but QEMU does not end though it was told to");
  }

  private SaveReport report(WrittenSave written, Outcome outcome, boolean liveUnderTcg) {
    return new SaveReport(
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
        outcome.state().passes(),
        liveUnderTcg,
        request.then());
  }
}
