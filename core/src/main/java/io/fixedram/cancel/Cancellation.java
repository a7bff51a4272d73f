// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cancel;

import io.fixedram.error.CancelledException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** A request to end work early, made once and seen by all holders of the object. Thread-safe. */
public final class Cancellation {
  private final Set<Registration> registrations = new LinkedHashSet<>();
  private final Set<Registration> refusals = new LinkedHashSet<>();
  private volatile boolean cancelled;

  /** Creates a request that has not been made. */
  public Cancellation() {}

  /** A registered action; closing it removes the action. */
  public final class Registration implements AutoCloseable {
    private final Runnable action;

    private Registration(Runnable action) {
      this.action = action;
    }

    @Override
    public void close() {
      synchronized (registrations) {
        registrations.remove(this);
        refusals.remove(this);
      }
    }
  }

  /**
   * Makes the request and runs the registered actions in this thread; later calls do nothing.
   *
   * @return false if the request was refused because of {@link #refuseOnce}; a repeated call can
   *     succeed
   */
  public boolean cancel() {
    List<Registration> due;
    boolean refused;
    synchronized (registrations) {
      if (cancelled) {
        return true;
      }
      refused = !refusals.isEmpty();
      due = List.copyOf(refused ? refusals : registrations);
      refusals.clear();
      cancelled = !refused;
    }
    due.forEach(registration -> registration.action.run());
    return !refused;
  }

  /**
   * Refuses the next request and runs an action instead, which can warn the user. For phases in
   * which an early end would do harm. A second request is not refused.
   */
  public Registration refuseOnce(Runnable action) {
    Registration registration = new Registration(action);
    synchronized (registrations) {
      refusals.add(registration);
    }
    return registration;
  }

  /** Whether the request was made. */
  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Returns if the request was not made.
   *
   * @throws CancelledException if it was made
   */
  public void throwIfCancelled() {
    if (cancelled) {
      throw new CancelledException();
    }
  }

  /**
   * Does work in a daemon thread and waits for its result, or for the request. After the request
   * the work continues without being waited for, so it must need no cleanup.
   *
   * @throws CancelledException if the request was made
   */
  public <T> T await(Supplier<T> work) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    try (Registration _ =
        onCancel(() -> {
          var _ = outcome.completeExceptionally(new CancelledException());
        })) {
      Thread.ofPlatform().daemon().start(() -> complete(outcome, work));
      return outcome.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw e;
      }
    }
  }

  // All failures must reach the thread that waits for the result.
  @SuppressWarnings("CatchThrowable")
  private static <T> void complete(CompletableFuture<T> outcome, Supplier<T> work) {
    try {
      outcome.complete(work.get());
    } catch (Throwable e) {
      outcome.completeExceptionally(e);
    }
  }

  /**
   * Registers an action that runs when the request is made, or at once if it was made already: for
   * instance to close a channel on which another thread may be blocked. The action must be quick
   * and must not throw.
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
