// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.CancelledException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A request to end work early, made once and seen by everybody who shares the object. Safe for use
 * by several threads.
 */
public final class Cancellation {
  private final Set<Registration> registrations = new LinkedHashSet<>();
  private volatile boolean cancelled;

  /** A request that nobody has made yet. */
  public Cancellation() {}

  /** An action that waits for {@link #cancel()}; closing it takes the action back. */
  public final class Registration implements AutoCloseable {
    private final Runnable action;

    private Registration(Runnable action) {
      this.action = action;
    }

    @Override
    public void close() {
      synchronized (registrations) {
        registrations.remove(this);
      }
    }
  }

  /** Asks for the end and runs the registered actions in this thread; later calls do nothing. */
  public void cancel() {
    List<Registration> due;
    synchronized (registrations) {
      if (cancelled) {
        return;
      }
      cancelled = true;
      due = List.copyOf(registrations);
    }
    due.forEach(registration -> registration.action.run());
  }

  /** Whether the end was asked for. */
  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Returns if the end was not asked for.
   *
   * @throws CancelledException if it was
   */
  public void throwIfCancelled() {
    if (cancelled) {
      throw new CancelledException();
    }
  }

  /**
   * Has an action run when the end is asked for, or at once if it was already: closing the channel
   * that another thread may be blocked on, for instance. The action must be quick, and must not
   * throw.
   */
  public Registration onCancel(Runnable action) {
    Registration registration = new Registration(action);
    synchronized (registrations) {
      if (!cancelled) {
        registrations.add(registration);
        return registration;
      }
    }
    action.run();
    return registration;
  }
}
