// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.bytes.ByteSource;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.SaveSink;
import io.fixedram.qemu.disk.DiskSnapshot;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.TemporarySettings;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.stream.StreamDecoder;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Saves a guest by a migration to a socket of this process. If the disks get a snapshot, QEMU
 * pauses the migration when the guest is stopped and all memory but the last changes was sent: its
 * disks are still active then, and the snapshot is of the moment whose devices and memory follow.
 */
final class StreamTransfer {
  private static final Duration CANCEL_TIME = Duration.ofMillis(500);

  private final SaveRequest request;
  private final OutgoingMigration own;
  private final TemporarySettings settings;
  private final Optional<DiskSnapshot> snapshot;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private boolean described;

  StreamTransfer(
      SaveRequest request,
      OutgoingMigration own,
      TemporarySettings settings,
      Optional<DiskSnapshot> snapshot,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation) {
    this.request = request;
    this.own = own;
    this.settings = settings;
    this.snapshot = snapshot;
    this.view = view;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  /** Whether QEMU has sent a description of the fields of its device state. */
  boolean described() {
    return described;
  }

  /**
   * Sends the guest to a sink, and resumes it if requested.
   *
   * @param before the guest's status before the save
   * @throws FixedRamException if QEMU does not send the guest
   */
  SaveOutcome run(SaveSink sink, GuestStatus before) {
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
    if (snapshot.isPresent()) {
      // QEMU then stops before it sends the devices and gives the disks up.
      settings.setCapabilities(Map.of("pause-before-switchover", true));
    }
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
            snapshot.map(disks -> this::snapshotDisks),
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

  /** Takes the snapshot, and lets the migration go on. */
  private void snapshotDisks() {
    snapshot.ifPresent(DiskSnapshot::take);
    Json _ = own.qemu().qmp().execute("migrate-continue", Map.of("state", "pre-switchover"));
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
}
