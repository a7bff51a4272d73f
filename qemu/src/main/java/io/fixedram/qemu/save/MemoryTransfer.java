// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.SaveSink;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.MemoryRefusedException;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.process.RunGuard;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.save.MigrationWatch.Outcome;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Duration;
import java.util.Optional;

/**
 * Reads a guest that stands still where its memory lies, in this order: memory is found, the guest
 * stopped, the state of its devices taken (which may still write memory), all memory read, the
 * guest let go on. Nothing in QEMU is changed but that the guest stands still meanwhile, and a
 * guest that somebody else lets run in between fails the save.
 */
final class MemoryTransfer {
  private static final Duration RESUME_TIME = Duration.ofSeconds(10);

  private final SaveRequest request;
  private final OutgoingMigration own;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final QmpClient qmp;

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
      if (!before.running()) {
        send(memory, sink, before);
        return new Outcome(MigrationState.NONE, Duration.ZERO, false, Optional.empty());
      }
      Optional<RunGuard> guard = RunGuard.arm(request.qmp());
      try {
        if (guard.isEmpty()) {
          listener.note(
              "there is no perl: were this program killed now, the guest would stay stopped");
        }
        return stopAndSend(memory, sink, before);
      } finally {
        guard.ifPresent(RunGuard::close);
      }
    }
  }

  private QemuMemory openMemory() {
    try {
      return QemuMemory.open(qmp);
    } catch (MemoryRefusedException e) {
      throw e.with(Remedy.SAVE_BY_STREAM);
    }
  }

  private Outcome stopAndSend(QemuMemory memory, SaveSink sink, GuestStatus before) {
    long stopNanos = System.nanoTime();
    own.stopGuest();
    send(memory, sink, before);
    Optional<FixedRamException> resumeFailure =
        request.then() == AfterSave.RESUME ? resume() : Optional.empty();
    return new Outcome(
        MigrationState.NONE,
        Duration.ofNanos(System.nanoTime() - stopNanos),
        request.then() == AfterSave.RESUME && resumeFailure.isEmpty(),
        resumeFailure);
  }

  /** The save is whole, so that a guest which does not go on must not fail it. */
  private Optional<FixedRamException> resume() {
    try {
      own.resumeGuest(RESUME_TIME);
      return Optional.empty();
    } catch (FixedRamException e) {
      return Optional.of(e);
    }
  }

  private void send(QemuMemory memory, SaveSink sink, GuestStatus before) {
    forgetEvents();
    DeviceState devices = GuestDevices.take(qmp, before.name());
    memory.checkUnchanged();
    view.phase("saving");
    listener.started(view);
    memory
        .store(Optional.of(devices))
        .sendTo(new CountingSink(sink, view.counters(), cancellation));
    requireStill();
    memory.checkUnchanged();
  }

  /** Events of what happened before the guest stood still. */
  private void forgetEvents() {
    while (qmp.nextEvent(Duration.ZERO).isPresent()) {
      cancellation.throwIfCancelled();
    }
  }

  private void requireStill() {
    boolean running = own.heeding().guest().running();
    for (Optional<QmpEvent> event = qmp.nextEvent(Duration.ZERO);
        event.isPresent();
        event = qmp.nextEvent(Duration.ZERO)) {
      running |= event.get().name().equals("RESUME");
    }
    if (running) {
      throw new FixedRamException(
          "another client of QEMU let the guest run while its memory was read; save it again");
    }
  }
}
