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
 * The guest that a waiting QEMU takes: lets it run, or sees to it that it stands still, as was
 * asked for, and tells once QEMU has said that it does. Not thread-safe.
 */
public final class IncomingGuest {
  private static final Duration POLL_TIME = Duration.ofMillis(10);

  /** How long to wait for an answer that can come later as well. */
  private static final Duration ANSWER_TIME = Duration.ofSeconds(1);

  /** How long QEMU may take to begin with a guest that it has loaded. */
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
   * A guest that is yet to come.
   *
   * @param paused whether it is to stand still once it is there
   * @param gate is asked before it is let run
   */
  public IncomingGuest(QemuMigration migration, boolean paused, RunGate gate) {
    this.migration = migration;
    this.paused = paused;
    this.gate = gate;
  }

  /** While QEMU waits for a guest, this tells it not to let that one run once it is there. */
  public void holdBack() {
    heldBack = true;
    migration.stopGuest();
  }

  /** When it was first seen to run, or to stand still, as {@link System#nanoTime()}. */
  public OptionalLong settledNanos() {
    return isSettled() || paused ? settledNanos : resumedNanos;
  }

  /** The state that it was left in, QEMU's RunState: running unless it was to stand still. */
  public String settledState() {
    return settledAs
        .filter(guest -> paused || guest.isHeldByItself())
        .map(GuestStatus::name)
        .orElse("running");
  }

  /** How the guest is if it was to run, and stands still for what happened to it before. */
  public Optional<GuestStatus> heldByItself() {
    return settledAs.filter(guest -> !paused && guest.isHeldByItself());
  }

  boolean isSettled() {
    return settledNanos.isPresent();
  }

  /** Whether QEMU was seen to end in good order, after the guest had run. */
  public boolean hasEndedInGoodOrder() {
    try {
      takeEvents(Duration.ZERO);
      return false;
    } catch (QemuGoneException e) {
      return (isSettled() || resumedNanos.isPresent()) && orderlyEnd.announced();
    }
  }

  /**
   * Takes QEMU's events, waiting for one if need be.
   *
   * @throws QemuGoneException if QEMU is gone
   */
  public void takeEvents(Duration patience) {
    Optional<QmpEvent> event = migration.qmp().nextEvent(patience);
    while (event.isPresent()) {
      if (event.get().name().equals("RESUME") && resumedNanos.isEmpty()) {
        resumedNanos = OptionalLong.of(event.get().receivedNanos());
      }
      orderlyEnd.take(event.get().name());
      event = migration.qmp().nextEvent(Duration.ZERO);
    }
  }

  /**
   * Has a guest that QEMU has loaded be as was asked for, and returns once QEMU has said that it
   * is.
   *
   * @throws FixedRamException if it can't be, or QEMU does not begin with it
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
            + "', as it does when it can't have a disk that another QEMU has open");
  }

  /**
   * Does for the guest what can be done now, whether or not QEMU has loaded it: a QEMU whose main
   * loop waits for a page answers late.
   *
   * @return how the guest is, if QEMU tells
   * @throws FixedRamException if the guest can't be as was asked for
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
      return Optional.empty();
    }
  }

  /**
   * One that has run since may have stopped for reasons of its own, and one that was saved so stays
   * as it was.
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
   * After a failure: a QEMU that waits still, and has nothing of this guest, is told not to hold
   * the next one back.
   */
  public void letNextRun(QemuMigration cleaningUp) {
    if (heldBack && !cleaningUp.state().isUnderWay() && cleaningUp.guest().is("inmigrate")) {
      gate.send(() -> cleaningUp.qmp().send("cont")).ifPresent(sent -> sent.await(ANSWER_TIME));
    }
  }
}
