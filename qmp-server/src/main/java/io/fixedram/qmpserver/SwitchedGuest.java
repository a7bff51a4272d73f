// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

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

  /** A call failed half way: the guest may run though its state says that it does not. */
  private boolean unsure;

  private boolean closed;

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
    requireOpen();
    resumes = false;
    if (state == RunState.RUNNING || unsure) {
      boolean ran = state == RunState.RUNNING;
      halt(state == RunState.FINISH_MIGRATE ? state : RunState.PAUSED);
      if (ran) {
        events.accept(GuestEvent.STOP);
      }
    }
  }

  /** Whatever becomes of the call, the guest may stand still then, and cont starts it again. */
  private void halt(RunState next) {
    state = next;
    unsure = true;
    guest.stop();
    unsure = false;
  }

  /**
   * The command {@code cont}.
   *
   * @throws FixedRamException if a migration needs the guest stopped
   */
  synchronized void proceed() {
    requireOpen();
    if (state == RunState.FINISH_MIGRATE) {
      throw new FixedRamException(
          "the guest is stopped for its migration: wait for its end, or cancel it");
    }
    resumes = false;
    if (state != RunState.RUNNING) {
      start();
    }
  }

  /** A guest that does not start is one that is paused. */
  private void start() {
    state = RunState.PAUSED;
    unsure = true;
    guest.resume();
    unsure = false;
    state = RunState.RUNNING;
    events.accept(GuestEvent.RESUME);
  }

  private void requireOpen() {
    if (closed) {
      throw new FixedRamException("the guest is ending, and takes no commands any more");
    }
  }

  /** Refuses commands from now on, once the one under way is done. */
  synchronized void close() {
    closed = true;
  }

  /** For the migration: a paused guest is stopped already, and must stay so until it is saved. */
  @Override
  public synchronized void stop() {
    resumes = state == RunState.RUNNING;
    if (resumes || unsure) {
      halt(RunState.FINISH_MIGRATE);
    }
    state = RunState.FINISH_MIGRATE;
    if (resumes) {
      events.accept(GuestEvent.STOP);
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

  /** For a migration that failed, also in its call to stop: who was stopped by command stays so. */
  @Override
  public synchronized void resume() {
    if (state != RunState.FINISH_MIGRATE && state != RunState.POSTMIGRATE) {
      return;
    }
    if (resumes) {
      resumes = false;
      start();
    } else {
      state = RunState.PAUSED;
    }
  }
}
