// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.SaveSink;
import io.fixedram.qemu.disk.DiskSnapshot;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Duration;
import java.util.Optional;

/**
 * Saves a guest in place, in this order: its memory is located, the guest is stopped, its device
 * state is taken (which may still write to memory), all memory is read, its disks get a snapshot if
 * that is requested, the guest is resumed. The stop is the only change in QEMU; the save fails if
 * another client resumes the guest meanwhile. Unless the guest is to be stopped first, its memory
 * is also read before the stop ({@link LiveTransfer}).
 */
final class MemoryTransfer {
  private final SaveRequest request;
  private final SaveChoice choice;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final QmpClient qmp;
  private final GuestHold hold;

  MemoryTransfer(
      SaveRequest request,
      SaveChoice choice,
      OutgoingMigration own,
      Optional<DiskSnapshot> snapshot,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation) {
    this.request = request;
    this.choice = choice;
    this.view = view;
    this.listener = listener;
    this.cancellation = cancellation;
    this.qmp = own.cancellable().qmp();
    this.hold = new GuestHold(own, snapshot, listener, cancellation);
  }

  /**
   * Sends the guest to a sink, and resumes it if requested.
   *
   * @param before the guest's status before the save
   * @throws FixedRamException if the guest can't be read, or did not stay stopped
   */
  SaveOutcome run(SaveSink sink, GuestStatus before) {
    if (choice.memory().isPresent()) {
      return run(choice.memory().get(), sink, before);
    }
    GuestDevices.requireSaveable(qmp);
    try (QemuMemory memory = QemuMemory.open(qmp, request.process())) {
      return run(memory, sink, before);
    }
  }

  private SaveOutcome run(QemuMemory memory, SaveSink sink, GuestStatus before) {
    if (!before.running()) {
      try (StoppedWork work = new StoppedWork(cancellation)) {
        send(memory, sink, work, Optional.empty());
      }
      return SaveOutcome.UNTOUCHED;
    }
    return request.stopFirst()
        ? stopAndSend(memory, sink, before)
        : new LiveTransfer(
                request, choice.maxDowntime(), memory, hold, qmp, view, listener, cancellation)
            .run(sink, before);
  }

  /** Tells that the guest runs on, if it was resumed before the save failed. */
  void tellOfResumed() {
    if (hold.hasResumed() && !cancellation.isCancelled()) {
      listener.warning(
          "the guest was resumed before its save was complete and on the disk: it runs on, and is"
              + " not saved");
    }
  }

  /** Ends the guard, since the guest is in the requested state. */
  void guestIsAsWanted() {
    hold.end();
  }

  private SaveOutcome stopAndSend(QemuMemory memory, SaveSink sink, GuestStatus before) {
    hold.arm(request.qmp(), memory);
    boolean ours;
    // Closed, which may wait for the disk, after the guest is let run.
    try (StoppedWork work = new StoppedWork(cancellation)) {
      try {
        ours = hold.stop();
        send(memory, sink, work, Optional.of(before.name()).filter(_ -> ours));
      } catch (RuntimeException | Error e) {
        hold.letRun(e);
        throw e;
      }
    }
    boolean resume = ours && request.then() == AfterSave.RESUME;
    Optional<FixedRamException> resumeFailure = resume ? hold.resume() : Optional.empty();
    Duration downtime = hold.length();
    if (resume && resumeFailure.isEmpty()) {
      // Whoever stops the guest from now on wants it stopped.
      hold.end();
    }
    return new SaveOutcome(0, downtime, Optional.empty(), resume, resumeFailure);
  }

  /**
   * Sends a stopped guest.
   *
   * @param loaded the guest's state after a restore, if it is not the current one
   */
  private void send(QemuMemory memory, SaveSink sink, StoppedWork work, Optional<String> loaded) {
    String still = hold.begin();
    DeviceState devices = hold.devices(loaded.orElse(still));
    memory.checkUnchanged();
    view.phase("saving");
    listener.started(view);
    SaveSink counted = new CountingSink(sink, view.counters(), work.cancellation());
    work.run(() -> memory.store(devices).sendTo(counted));
    hold.requireStill();
    memory.checkUnchanged();
    hold.snapshotDisks();
  }
}
