// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.os.Threads;
import io.fixedram.qemu.disk.DiskSnapshot;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.process.RunGuard;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * A guest that is stopped while it is saved, with a guard that resumes it if this process is
 * killed. QEMU's events show whether another client resumed or reset it meanwhile.
 */
final class GuestHold {
  private static final String RESET = "RESET";

  /** Events after which the guest's memory may have changed. */
  private static final Set<String> CHANGES = Set.of("RESUME", RESET);

  private static final Duration RESUME_TIME = Duration.ofSeconds(10);

  private final OutgoingMigration own;
  private final Optional<DiskSnapshot> snapshot;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final QmpClient qmp;
  private Optional<RunGuard> guard = Optional.empty();
  private long stopNanos;
  private String state = "";
  private boolean resumed;

  GuestHold(
      OutgoingMigration own,
      Optional<DiskSnapshot> snapshot,
      TransferListener listener,
      Cancellation cancellation) {
    this.own = own;
    this.snapshot = snapshot;
    this.listener = listener;
    this.cancellation = cancellation;
    this.qmp = own.cancellable().qmp();
  }

  /** Starts the guard; to be called before the stop. */
  void arm(Endpoint endpoint, QemuMemory memory) {
    guard =
        endpoint instanceof Endpoint.Unix unix
            ? RunGuard.arm(unix.path(), qmp.peerProcess().orElse(memory.process().id()))
            : Optional.empty();
    if (guard.isEmpty()) {
      listener.warning(
          "no guard could be started, which requires perl: if this program is killed, the guest stays"
              + " stopped");
    }
  }

  /**
   * Stops the guest.
   *
   * @return whether this call stopped it; a guest that stopped by itself or was stopped by another
   *     client is saved in that state and stays stopped
   */
  boolean stop() {
    stopNanos = System.nanoTime();
    own.stopGuest();
    // In another state if the guest stopped by itself just before, which QEMU's stop keeps.
    GuestStatus now = own.cancellable().guest();
    boolean ours = own.guestStopped() && (now.is("paused") || now.is("prelaunch"));
    if (!ours) {
      // The guard would resume a guest that another client has stopped.
      end();
    }
    return ours;
  }

  /** Time since the stop. */
  Duration length() {
    return Duration.ofNanos(System.nanoTime() - stopNanos);
  }

  /**
   * Begins the time in which the guest must stay stopped.
   *
   * @return the guest's state
   * @throws ObstacleException if another client has resumed it already
   */
  String begin() {
    // Discards earlier events.
    while (qmp.nextEvent(Duration.ZERO).isPresent()) {
      cancellation.throwIfCancelled();
    }
    GuestStatus now = own.cancellable().guest();
    if (now.running()) {
      throw changed(false);
    }
    if (own.guestStopped() && now.is("prelaunch")) {
      // Reset since this process has stopped it.
      throw changed(true);
    }
    state = now.name();
    return state;
  }

  /**
   * Takes the guest's device state.
   *
   * @param loaded the guest's state after a restore
   * @throws ObstacleException if it can't be taken, or another client has changed the guest
   */
  DeviceState devices(String loaded) {
    try {
      return GuestDevices.take(qmp, loaded);
    } catch (ObstacleException e) {
      // It may have failed because another client has changed the guest.
      requireStill();
      throw e;
    }
  }

  /**
   * Checks that the guest has stayed stopped since {@link #begin}.
   *
   * @throws ObstacleException if it has not
   */
  void requireStill() {
    boolean still = own.cancellable().guest().is(state);
    boolean reset = false;
    for (Optional<QmpEvent> event = qmp.nextEvent(Duration.ZERO);
        event.isPresent();
        event = qmp.nextEvent(Duration.ZERO)) {
      String name = event.get().name();
      still &= !CHANGES.contains(name);
      reset |= name.equals(RESET);
    }
    if (!still) {
      throw changed(reset);
    }
  }

  /**
   * Takes the snapshot of the disks if one is requested: last of all, so that a save that fails
   * before leaves the disks as they are.
   *
   * @throws FixedRamException if QEMU does not take it, or the guest has not stayed stopped
   */
  void snapshotDisks() {
    if (snapshot.isPresent()) {
      snapshot.get().take();
      requireStill();
    }
  }

  private static ObstacleException changed(boolean reset) {
    return new ObstacleException(new MemoryObstacle.GuestChanged(reset));
  }

  /**
   * Resumes the guest.
   *
   * @return the failure, which must not fail the save, since all memory was read
   */
  Optional<FixedRamException> resume() {
    try {
      Threads.withoutInterrupt(() -> own.resumeGuest(RESUME_TIME));
      resumed = true;
      return Optional.empty();
    } catch (FixedRamException e) {
      return Optional.of(e);
    }
  }

  /** Whether the guest was resumed because all of it was read. */
  boolean hasResumed() {
    return resumed;
  }

  /**
   * Resumes the guest after a failure of the save, if it is stopped because of it, before anything
   * waits for a disk. The guard stays until the cleanup of the save has looked at the guest.
   *
   * @param failure takes a failure to resume as suppressed
   */
  void letRun(Throwable failure) {
    try {
      Threads.withoutInterrupt(() -> {
        QemuMigration hurried = own.qemu().within(RESUME_TIME);
        GuestStatus now = hurried.guest();
        if (!now.running() && own.mayResume(now)) {
          own.resumeGuest(RESUME_TIME);
        }
      });
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
    }
  }

  /** Ends the guard, since the guest is in the requested state. */
  void end() {
    guard.ifPresent(RunGuard::done);
    guard = Optional.empty();
  }
}
