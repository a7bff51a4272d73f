// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.SaveSink;
import io.fixedram.os.Threads;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.MemoryRefusedException;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.process.RunGuard;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.save.MigrationWatch.Outcome;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a guest that stands still where its memory lies, in this order: memory is found, the guest
 * stopped, the state of its devices taken (which may still write memory), all memory read, the
 * guest let go on. Nothing in QEMU is changed but that the guest stands still meanwhile, and a
 * guest that somebody else lets run in between fails the save.
 */
final class MemoryTransfer {
  /** Events of a guest whose memory may change. */
  private static final Set<String> CHANGES = Set.of("RESUME", "RESET");

  private static final Duration RESUME_TIME = Duration.ofSeconds(10);

  private final SaveRequest request;
  private final OutgoingMigration own;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final QmpClient qmp;
  private Optional<RunGuard> guard = Optional.empty();

  MemoryTransfer(
      SaveRequest request,
      OutgoingMigration own,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation) {
    this.request = request;
    this.own = own;
    this.view = view;
    this.listener = listener;
    this.cancellation = cancellation;
    this.qmp = own.heeding().qmp();
  }

  /**
   * Sends the guest to a sink, and lets it go on if it is to.
   *
   * @param before what the guest did before
   * @throws FixedRamException if it can't be read, or has not stood still
   */
  Outcome run(SaveSink sink, GuestStatus before) {
    GuestDevices.requireSaveable(qmp);
    try (QemuMemory memory = openMemory()) {
      if (before.running()) {
        return stopAndSend(memory, sink, before);
      }
      send(memory, sink, Optional.empty());
      return new Outcome(MigrationState.NONE, Duration.ZERO, false, Optional.empty());
    }
  }

  /** The guest is as it is to be, and need not be let run if this process ends. */
  void guestIsAsWanted() {
    guard.ifPresent(RunGuard::done);
    guard = Optional.empty();
  }

  private QemuMemory openMemory() {
    try {
      return QemuMemory.open(qmp);
    } catch (MemoryRefusedException e) {
      throw e.with(Remedy.SAVE_BY_STREAM);
    }
  }

  private Outcome stopAndSend(QemuMemory memory, SaveSink sink, GuestStatus before) {
    guard =
        request.qmp() instanceof Endpoint.Unix unix
            ? RunGuard.arm(unix.path(), memory.process().id())
            : Optional.empty();
    if (guard.isEmpty()) {
      listener.warning(
          "no guard could be started, which takes perl: if this program is killed, the guest stays"
              + " stopped");
    }
    long stopNanos = System.nanoTime();
    own.stopGuest();
    // A guest that has stopped by itself, or by somebody else's wish, is saved as it is and stays
    // so.
    boolean ours = own.guestStopped();
    send(memory, sink, Optional.of(before.name()).filter(_ -> ours));
    boolean resume = ours && request.then() == AfterSave.RESUME;
    Optional<FixedRamException> resumeFailure = resume ? resume() : Optional.empty();
    Duration downtime = Duration.ofNanos(System.nanoTime() - stopNanos);
    return new Outcome(MigrationState.NONE, downtime, resume, resumeFailure);
  }

  /** The save is whole, so that a guest which does not go on must not fail it. */
  private Optional<FixedRamException> resume() {
    try {
      Threads.withoutInterrupt(() -> own.resumeGuest(RESUME_TIME));
      return Optional.empty();
    } catch (FixedRamException e) {
      return Optional.of(e);
    }
  }

  /**
   * Sends a guest that stands still.
   *
   * @param loaded the state that it is to go to when it is loaded, if not that which it is in
   */
  private void send(QemuMemory memory, SaveSink sink, Optional<String> loaded) {
    forgetEvents();
    String still = own.heeding().guest().name();
    DeviceState devices = GuestDevices.take(qmp, loaded.orElse(still));
    memory.checkUnchanged();
    view.phase("saving");
    listener.started(view);
    memory
        .store(Optional.of(devices))
        .sendTo(new CountingSink(sink, view.counters(), cancellation));
    requireStill(still);
    memory.checkUnchanged();
  }

  /** Events of what happened before the guest stood still. */
  private void forgetEvents() {
    while (qmp.nextEvent(Duration.ZERO).isPresent()) {
      cancellation.throwIfCancelled();
    }
  }

  private void requireStill(String state) {
    boolean still = own.heeding().guest().is(state);
    for (Optional<QmpEvent> event = qmp.nextEvent(Duration.ZERO);
        event.isPresent();
        event = qmp.nextEvent(Duration.ZERO)) {
      still &= !CHANGES.contains(event.get().name());
    }
    if (!still) {
      throw new FixedRamException(
          "another client of QEMU let the guest run, or reset it, while its memory was read; save it"
              + " again");
    }
  }
}
