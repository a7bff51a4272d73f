// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.os.Threads;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.process.RunGuard;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * A guest that stands still while it is saved, under a guard that lets it run if this process ends.
 * Whether somebody else let it run, or reset it, meanwhile is told by QEMU's events.
 */
final class GuestHold {
  /** Events of a guest whose memory may change. */
  private static final Set<String> CHANGES = Set.of("RESUME", "RESET");

  private static final Duration RESUME_TIME = Duration.ofSeconds(10);

  private final OutgoingMigration own;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final QmpClient qmp;
  private Optional<RunGuard> guard = Optional.empty();
  private long stopNanos;
  private String state = "";

  GuestHold(OutgoingMigration own, TransferListener listener, Cancellation cancellation) {
    this.own = own;
    this.listener = listener;
    this.cancellation = cancellation;
    this.qmp = own.heeding().qmp();
  }

  /** Has a guard ready, which belongs before the stop. */
  void arm(Endpoint endpoint, QemuMemory memory) {
    guard =
        endpoint instanceof Endpoint.Unix unix
            ? RunGuard.arm(unix.path(), qmp.peerProcess().orElse(memory.process().id()))
            : Optional.empty();
    if (guard.isEmpty()) {
      listener.warning(
          "no guard could be started, which takes perl: if this program is killed, the guest stays"
              + " stopped");
    }
  }

  /**
   * Stops the guest.
   *
   * @return whether it was this that stopped it: one that has stopped by itself, or by somebody
   *     else's wish, is saved as it is and stays so
   */
  boolean stop() {
    stopNanos = System.nanoTime();
    own.stopGuest();
    return own.guestStopped();
  }

  /** Since the stop. */
  Duration length() {
    return Duration.ofNanos(System.nanoTime() - stopNanos);
  }

  /**
   * From here on the guest must stand still.
   *
   * @return the state that it is in
   */
  String begin() {
    // Events of what happened before.
    while (qmp.nextEvent(Duration.ZERO).isPresent()) {
      cancellation.throwIfCancelled();
    }
    state = own.heeding().guest().name();
    return state;
  }

  /**
   * Looks whether the guest has stood still.
   *
   * @throws FixedRamException if it has not
   */
  void requireStill() {
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

  /**
   * Lets the guest go on.
   *
   * @return why it does not: its memory is read, so that this must not fail the save
   */
  Optional<FixedRamException> resume() {
    try {
      Threads.withoutInterrupt(() -> own.resumeGuest(RESUME_TIME));
      return Optional.empty();
    } catch (FixedRamException e) {
      return Optional.of(e);
    }
  }

  /** The guest is as it is to be, and need not be let run if this process ends. */
  void end() {
    guard.ifPresent(RunGuard::done);
    guard = Optional.empty();
  }
}
