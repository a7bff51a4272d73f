// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cancel;

import io.fixedram.error.CancelledException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * A request to end work early, made once and seen by everybody who shares the object. Safe for use
 * by several threads.
 */
public final class Cancellation {
  private final Set<Registration> registrations = new LinkedHashSet<>();
  private final Set<Registration> refusals = new LinkedHashSet<>();
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
        refusals.remove(this);
      }
    }
  }

  /**
   * Asks for the end and runs the registered actions in this thread; later calls do nothing.
   *
   * @return false if the request was refused, see {@link #refuseOnce}; the next may not be
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
   * Has the next request refused, for the time in which an end would do harm: instead an action is
   * run that says so. The request after that is heard.
   */
  public Registration refuseOnce(Runnable action) {
    Registration registration = new Registration(action);
    synchronized (registrations) {
      refusals.add(registration);
    }
    return registration;
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
   * Does work that has nothing to put back, and does not wait for its end once the end was asked
   * for. It goes on in a thread that does not keep the process.
   *
   * @throws CancelledException if the end was asked for
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

  // Whatever is thrown is thrown again by who waits for it.
  @SuppressWarnings("CatchThrowable")
  private static <T> void complete(CompletableFuture<T> outcome, Supplier<T> work) {
    try {
      outcome.complete(work.get());
    } catch (Throwable e) {
      outcome.completeExceptionally(e);
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
