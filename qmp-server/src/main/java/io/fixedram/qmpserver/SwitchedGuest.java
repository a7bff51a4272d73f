// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.engine.GuestControl;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import java.util.function.Consumer;

/**
 * Control of a guest that both migrations and commands stop and resume. A guest that was stopped by
 * a command is not resumed by a failed migration. Thread-safe; a call that waits for the guest
 * blocks other calls.
 */
final class SwitchedGuest implements GuestControl {
  private final GuestControl guest;
  private final Consumer<GuestEvent> events;
  private volatile RunState state = RunState.RUNNING;

  /** Whether the guest is resumed if the migration fails. */
  private boolean resumes;

  /**
   * Whether a call has failed half-way, so that the guest may run although its state says that it
   * does not.
   */
  private boolean unsure;

  private boolean closed;

  /** Creates the control of a running guest. */
  SwitchedGuest(GuestControl guest, Consumer<GuestEvent> events) {
    this.guest = guest;
    this.events = events;
  }

  RunState state() {
    return state;
  }

  /**
   * The command {@code stop}. A guest that a migration has stopped stays stopped, whatever the
   * outcome of the migration.
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

  /** Stops the guest. Even if the call fails, the guest may be stopped, and cont resumes it. */
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

  /** Resumes the guest. If the call fails, the state is paused. */
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

  /** Waits for the current command and refuses later ones. */
  synchronized void close() {
    closed = true;
  }

  /** Called by the migration. A paused guest is stopped already and stays so until it is saved. */
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
   * Called by the migration. The guest stays stopped until a command resumes it, as in QEMU. The
   * state is set before clients are notified of the completion.
   */
  @Override
  public synchronized void saved() {
    state = RunState.POSTMIGRATE;
  }

  /**
   * Called by a failed migration, also if stop has failed. A guest that was stopped by a command
   * stays stopped.
   */
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
