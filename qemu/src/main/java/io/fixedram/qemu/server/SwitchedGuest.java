// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.server;

import io.fixedram.engine.GuestControl;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import java.util.function.Consumer;

/**
 * A guest that both its migration and commands stop and start. It is stopped and resumed once at a
 * time, and one that a command has stopped is not started by a migration that fails. Safe for use
 * by several threads; a call that waits for the guest holds up the others.
 */
final class SwitchedGuest implements GuestControl {
  private final GuestControl guest;
  private final Consumer<GuestEvent> events;
  private volatile RunState state = RunState.RUNNING;

  /** Whether it runs again if the migration comes to nothing. */
  private boolean resumes;

  /** A guest that runs. */
  SwitchedGuest(GuestControl guest, Consumer<GuestEvent> events) {
    this.guest = guest;
    this.events = events;
  }

  RunState state() {
    return state;
  }

  /**
   * The command {@code stop}. A guest that a migration has stopped stays so, whatever becomes of
   * the migration.
   */
  synchronized void pause() {
    resumes = false;
    if (state == RunState.RUNNING) {
      guest.stop();
      enter(RunState.PAUSED, GuestEvent.STOP);
    }
  }

  /**
   * The command {@code cont}.
   *
   * @throws FixedRamException if a migration needs the guest stopped
   */
  synchronized void proceed() {
    if (state == RunState.FINISH_MIGRATE) {
      throw new FixedRamException(
          "the guest is stopped for its migration: wait for its end, or cancel it");
    }
    resumes = false;
    if (state != RunState.RUNNING) {
      guest.resume();
      enter(RunState.RUNNING, GuestEvent.RESUME);
    }
  }

  private void enter(RunState next, GuestEvent event) {
    state = next;
    events.accept(event);
  }

  /** For the migration: a paused guest is stopped already, and must stay so until it is saved. */
  @Override
  public synchronized void stop() {
    resumes = state == RunState.RUNNING;
    if (resumes) {
      guest.stop();
      enter(RunState.FINISH_MIGRATE, GuestEvent.STOP);
    } else {
      state = RunState.FINISH_MIGRATE;
    }
  }

  @Override
  public DeviceState deviceState() {
    return guest.deviceState();
  }

  /**
   * Stays stopped until a command says otherwise, as a guest of QEMU does. A client that learns
   * that the migration has completed finds this state already.
   */
  @Override
  public synchronized void saved() {
    state = RunState.POSTMIGRATE;
  }

  /** For a migration that failed: a guest that a command stopped stays so. */
  @Override
  public synchronized void resume() {
    if (state != RunState.FINISH_MIGRATE && state != RunState.POSTMIGRATE) {
      return;
    }
    if (resumes) {
      resumes = false;
      guest.resume();
      enter(RunState.RUNNING, GuestEvent.RESUME);
    } else {
      state = RunState.PAUSED;
    }
  }
}
