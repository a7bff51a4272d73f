// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Follows an outgoing migration in a thread of its own while its stream is read in another: asks
 * QEMU for figures, stops a guest that will not converge, cancels when that is asked for, and lets
 * the guest go on as soon as QEMU is done with it.
 */
final class MigrationWatch implements AutoCloseable {
  private static final Duration POLL_TIME = Duration.ofMillis(100);

  /** How soon it is seen that the stream has ended, while the guest waits to go on. */
  private static final Duration LOOK_TIME = Duration.ofMillis(2);

  /** How long to wait for a QEMU that may hang, once the watch is over or the end was asked for. */
  private static final Duration CLOSE_TIME = Duration.ofMillis(500);

  /** How long after the end of a stream QEMU may take to say why it ended. */
  private static final Duration REASON_TIME = Duration.ofSeconds(2);

  private final OutgoingMigration migration;
  private final OutgoingChannel connection;
  private final Plan plan;
  private final LiveView view;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final Thread thread;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
  private volatile boolean streamEnded;
  private volatile boolean closed;

  /** Held while QEMU is told something, which must not begin once this is closed. */
  private final ReentrantLock acting = new ReentrantLock();

  // Only the watching thread uses these.
  private final Downtime downtime = new Downtime();
  private boolean cancelled;

  private boolean stopped;

  /** Whether the guest stands still because another client of QEMU has stopped it. */
  private boolean stoppedByAnother;

  /**
   * What to do on the way.
   *
   * @param maxPasses passes after which the guest is stopped; 0 for never
   * @param begun is run first, while the stream is read already: QEMU answers nobody while it waits
   *     for a reader of the last of a stopped guest
   * @param completed is run when QEMU is done with the guest, before that goes on
   * @param resume whether the guest goes on then
   */
  record Plan(int maxPasses, Runnable begun, Runnable completed, boolean resume) {}

  /**
   * How the migration ended.
   *
   * @param state QEMU's last word
   * @param downtime from the guest's stop to its going on or to the end
   * @param resumed whether the guest was let go on
   * @param resumeFailure why the guest did not go on, if it was to
   */
  record Outcome(
      MigrationState state,
      Duration downtime,
      boolean resumed,
      Optional<FixedRamException> resumeFailure) {}

  MigrationWatch(
      OutgoingMigration migration,
      OutgoingChannel connection,
      Plan plan,
      LiveView view,
      TransferListener listener,
      Cancellation cancellation) {
    this.migration = migration;
    this.connection = connection;
    this.plan = plan;
    this.view = view;
    this.listener = listener;
    this.cancellation = cancellation;
    this.thread = Thread.ofPlatform().daemon().name("migration-watch").start(this::watch);
  }

  /**
   * Waits for QEMU to complete the migration; not for long once the user has asked for the end.
   *
   * @throws FixedRamException if it does not
   */
  Outcome awaitCompleted() {
    try {
      Outcome end = awaitOutcome();
      if (!end.state.is("completed")) {
        throw failure(end.state);
      }
      return end;
    } catch (ExecutionException e) {
      throw reason(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while QEMU migrates", e);
    }
  }

  private Outcome awaitOutcome() throws ExecutionException, InterruptedException {
    long leftNanos = CLOSE_TIME.toNanos();
    while (true) {
      try {
        return outcome.get(POLL_TIME.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        if (cancellation.isCancelled()) {
          leftNanos -= POLL_TIME.toNanos();
        }
        if (leftNanos <= 0) {
          throw new CancelledException();
        }
      }
    }
  }

  /**
   * What really was behind a failure to read the stream: a cancellation, or what QEMU says if it
   * was QEMU that ended the stream early.
   */
  FixedRamException cause(FixedRamException readFailure) {
    Optional<FixedRamException> cause =
        cancellation.isCancelled()
            ? Optional.of(new CancelledException())
            : qemusReason(
                readFailure instanceof DamagedSaveException ? REASON_TIME : Duration.ZERO);
    cause.ifPresent(known -> known.addSuppressed(readFailure));
    return cause.orElse(readFailure);
  }

  private Optional<FixedRamException> qemusReason(Duration patience) {
    try {
      Outcome end = outcome.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return end.state.is("completed") ? Optional.empty() : Optional.of(failure(end.state));
    } catch (ExecutionException e) {
      return Optional.of(reason(e));
    } catch (TimeoutException e) {
      // QEMU goes on: it has nothing to do with it.
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private FixedRamException failure(MigrationState state) {
    if (cancellation.isCancelled()) {
      return new CancelledException();
    }
    return new FixedRamException(
        state.is("cancelled")
            ? "the save was cut short: another client of QEMU cancelled the migration"
            : "QEMU could not send the guest: " + state.reason());
  }

  private static FixedRamException reason(ExecutionException e) {
    return e.getCause() instanceof FixedRamException known
        ? known
        : new FixedRamException("following the migration failed: " + e.getCause(), e);
  }

  /** The stream is read to its end: QEMU completes the migration any moment. */
  void streamEnded() {
    streamEnded = true;
  }

  private void watch() {
    try {
      act(plan.begun);
      MigrationState state;
      do {
        awaitNews();
        state = migration.state();
        view.state(state);
        cancelIfAskedFor();
        stopIfEndless(state);
      } while (state.isUnderWay() && !closed);
      Optional<FixedRamException> resumeFailure = Optional.empty();
      boolean resume = false;
      if (state.is("completed") && !closed) {
        act(plan.completed);
        resume = plan.resume && !stoppedByAnother;
        resumeFailure = resume ? resume() : Optional.empty();
        takeAll();
      }
      outcome.complete(new Outcome(state, downtime.length(), resume, resumeFailure));
    } catch (RuntimeException | Error e) {
      outcome.completeExceptionally(e);
      // Nobody would tell the reader any more that nothing comes.
      connection.close();
    }
  }

  /** Returns when QEMU has told something, or is to be asked. */
  private void awaitNews() {
    long until = System.nanoTime() + POLL_TIME.toNanos();
    Optional<QmpEvent> event;
    do {
      event = qmp().nextEvent(LOOK_TIME);
      event.ifPresent(this::take);
    } while (event.isEmpty() && !streamEnded && !closed && System.nanoTime() < until);
  }

  private QmpClient qmp() {
    return migration.qemu().qmp();
  }

  /** Tells QEMU something, unless this was closed. */
  private void act(Runnable command) {
    acting.lock();
    try {
      if (!closed) {
        command.run();
      }
    } finally {
      acting.unlock();
    }
  }

  private void take(QmpEvent event) {
    downtime.take(event);
    switch (event.name()) {
      case "RESUME" -> stoppedByAnother = false;
      // QEMU stops the guest too, at the end, and then calls it finish-migrate or postmigrate.
      case "STOP" ->
          stoppedByAnother = !migration.guestStopped() && migration.qemu().guest().is("paused");
      default -> {
        // Others do not say who lets the guest run.
      }
    }
  }

  private void takeAll() {
    Optional<QmpEvent> event = qmp().nextEvent(Duration.ZERO);
    while (event.isPresent()) {
      downtime.take(event.get());
      event = qmp().nextEvent(Duration.ZERO);
    }
  }

  private void cancelIfAskedFor() {
    if (cancellation.isCancelled() && !cancelled) {
      cancelled = true;
      act(() -> migration.cancel(QmpClient.ANSWER_TIME));
    }
  }

  private void stopIfEndless(MigrationState state) {
    if (plan.maxPasses > 0
        && state.passes() > plan.maxPasses
        && state.is("active")
        && !stopped
        && !cancelled) {
      stopped = true;
      act(migration::stopGuest);
      view.phase("stopped, finishing");
      listener.note(
          "the guest dirties its RAM as fast as it is saved: stopped after "
              + plan.maxPasses
              + " passes, so that the save ends");
    }
  }

  private Optional<FixedRamException> resume() {
    try {
      migration.qemu().awaitFinished();
      act(this::resumeIfOurs);
      // RESUME comes before the answer.
      return Optional.empty();
    } catch (FixedRamException e) {
      return Optional.of(e);
    }
  }

  private void resumeIfOurs() {
    GuestStatus now = migration.qemu().guest();
    if (migration.mayResume(now)) {
      migration.resumeGuest(QmpClient.ANSWER_TIME);
    } else if (!now.running()) {
      throw new FixedRamException("it is in the state '" + now.name() + "'");
    }
  }

  /**
   * Stops watching; the migration goes on. What QEMU is slow to answer is not waited for long, and
   * nothing more is told it.
   */
  @Override
  public void close() {
    try {
      boolean alone = acting.tryLock(CLOSE_TIME.toMillis(), TimeUnit.MILLISECONDS);
      closed = true;
      if (alone) {
        acting.unlock();
        thread.join(CLOSE_TIME);
      }
    } catch (InterruptedException e) {
      closed = true;
      Thread.currentThread().interrupt();
    }
  }
}
