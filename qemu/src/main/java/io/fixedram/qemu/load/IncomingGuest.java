// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.LateAnswerException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Controls the guest that a waiting QEMU loads: lets it run or keeps it paused, as requested, and
 * records when QEMU has confirmed that. Not thread-safe.
 */
public final class IncomingGuest {
  /** The usual reason why QEMU does not let a loaded guest run, for messages. */
  public static final String LOCKED_DISK = "a disk that another QEMU has open";

  private static final Duration POLL_TIME = Duration.ofMillis(10);

  /** Timeout for an answer that may also come later. */
  private static final Duration ANSWER_TIME = Duration.ofSeconds(1);

  /** Time for QEMU to start a guest that it has loaded. */
  private static final Duration BEGIN_TIME = Duration.ofSeconds(2);

  private final QemuMigration migration;
  private final boolean paused;
  private final RunGate gate;
  private final OrderlyEnd orderlyEnd = new OrderlyEnd();
  private Optional<QmpClient.Sent> change = Optional.empty();
  private OptionalLong resumedNanos = OptionalLong.empty();
  private OptionalLong settledNanos = OptionalLong.empty();
  private Optional<GuestStatus> settledAs = Optional.empty();
  private boolean heldBack;

  /**
   * Prepares for a guest that is not loaded yet.
   *
   * @param paused whether the guest stays paused after loading
   * @param gate asked before the guest is resumed
   */
  public IncomingGuest(QemuMigration migration, boolean paused, RunGate gate) {
    this.migration = migration;
    this.paused = paused;
    this.gate = gate;
  }

  /** Tells a waiting QEMU not to run the guest after loading it. */
  public void holdBack() {
    heldBack = true;
    migration.stopGuest();
  }

  /**
   * Time at which the guest was first seen to run, or to be paused if requested, as {@link
   * System#nanoTime()}.
   */
  public OptionalLong settledNanos() {
    return isSettled() || paused ? settledNanos : resumedNanos;
  }

  /**
   * The final state of the guest, QEMU's RunState: running unless it was to stay paused or is held
   * by itself.
   */
  public String settledState() {
    return settledAs
        .filter(guest -> paused || guest.isHeldByItself())
        .map(GuestStatus::name)
        .orElse("running");
  }

  /**
   * The guest's status if it was to run but is stopped because of its saved state, such as a panic.
   */
  public Optional<GuestStatus> heldByItself() {
    return settledAs.filter(guest -> !paused && guest.isHeldByItself());
  }

  /** Whether the guest was to run and QEMU has announced that it does. */
  public boolean hasResumed() {
    return !paused && resumedNanos.isPresent();
  }

  /**
   * Whether the guest runs by QEMU's announcement only: its state was queried without an answer.
   */
  public boolean isUnanswered() {
    return isSettled() && settledAs.isEmpty();
  }

  boolean isSettled() {
    return settledNanos.isPresent();
  }

  /** Whether QEMU has ended in an orderly way after the guest had run. */
  public boolean hasEndedInGoodOrder() {
    try {
      takeEvents(Duration.ZERO);
      return false;
    } catch (QemuGoneException e) {
      return (isSettled() || resumedNanos.isPresent()) && orderlyEnd.announced();
    }
  }

  /**
   * Handles QEMU's events; waits for one if there is none.
   *
   * @throws QemuGoneException if QEMU is gone
   */
  public void takeEvents(Duration timeout) {
    Optional<QmpEvent> event = migration.qmp().nextEvent(timeout);
    while (event.isPresent()) {
      if (event.get().name().equals("RESUME") && resumedNanos.isEmpty()) {
        resumedNanos = OptionalLong.of(event.get().receivedNanos());
      }
      orderlyEnd.take(event.get().name());
      event = migration.qmp().nextEvent(Duration.ZERO);
    }
  }

  /**
   * Brings a loaded guest into the requested state, and returns once QEMU has confirmed it. A guest
   * whose RESUME was seen runs, even if QEMU does not answer any more.
   *
   * @throws FixedRamException if that fails, or QEMU does not start the guest
   */
  public void settle() {
    long beginNanos = System.nanoTime();
    OptionalLong answeredNanos = OptionalLong.empty();
    Optional<GuestStatus> now = attend();
    while (!isSettled()) {
      long passed = System.nanoTime() - answeredNanos.orElse(beginNanos);
      if (now.isPresent() && answeredNanos.isEmpty()) {
        answeredNanos = OptionalLong.of(System.nanoTime());
      } else if (now.isPresent() && passed > BEGIN_TIME.toNanos()) {
        throw stands(now.get());
      } else if (passed > QmpClient.ANSWER_TIME.toNanos()) {
        throw new FixedRamException(
            "QEMU has loaded the guest but does not answer: it hangs or is very busy");
      }
      takeEvents(POLL_TIME);
      now = attend();
    }
  }

  private FixedRamException stands(GuestStatus guest) {
    return new FixedRamException(
        "QEMU has loaded the guest but "
            + (paused ? "does not stop it" : "does not let it run")
            + ", and leaves it in state '"
            + guest.name()
            + "', as it does when it can't have "
            + LOCKED_DISK);
  }

  /**
   * Brings the guest closer to the requested state, whether or not QEMU has loaded it. Does not
   * wait long: a QEMU whose main loop waits for a page answers late.
   *
   * @return the guest's status; empty if QEMU has not answered in time
   * @throws FixedRamException if the guest can't be brought into the requested state
   */
  Optional<GuestStatus> attend() {
    try {
      takeEvents(Duration.ZERO);
      GuestStatus guest = migration.within(ANSWER_TIME).guest();
      if (isAsAskedFor(guest)) {
        takeEvents(Duration.ZERO);
        settledAs = Optional.of(guest);
        settledNanos = OptionalLong.of(paused ? System.nanoTime() : ranSince());
      } else if (!guest.is("inmigrate")) {
        change(guest);
      }
      return Optional.of(guest);
    } catch (LateAnswerException e) {
      takeEvents(Duration.ZERO);
      if (hasResumed()) {
        settledNanos = resumedNanos;
      }
      return Optional.empty();
    }
  }

  /**
   * Whether the guest is in the requested state. A guest that has run since may have stopped by
   * itself, and one that was held by itself when it was saved stays so.
   */
  private boolean isAsAskedFor(GuestStatus guest) {
    return paused
        ? !guest.running() && !guest.is("inmigrate")
        : guest.running() || resumedNanos.isPresent() || guest.isHeldByItself();
  }

  private long ranSince() {
    return resumedNanos.orElseGet(System::nanoTime);
  }

  private void change(GuestStatus guest) {
    if (change.isEmpty()) {
      change = gate.send(() -> migration.qmp().send(guest.running() ? "stop" : "cont"));
    }
    try {
      change.ifPresent(sent -> sent.await(ANSWER_TIME));
    } catch (LateAnswerException | QemuGoneException | CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      throw paused
          ? new FixedRamException("the guest is loaded but cannot be stopped: " + e.getMessage(), e)
          : new FixedRamException(
              "the guest is loaded but cannot run: " + e.getMessage(), e, Remedy.LEAVE_PAUSED);
    }
  }

  /**
   * Undoes {@link #holdBack} after a failure, if QEMU still waits and has loaded nothing of this
   * guest.
   */
  public void letNextRun(QemuMigration cleaningUp) {
    if (heldBack && !cleaningUp.state().isUnderWay() && cleaningUp.guest().is("inmigrate")) {
      gate.send(() -> cleaningUp.qmp().send("cont")).ifPresent(sent -> sent.await(ANSWER_TIME));
    }
  }
}
