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
 * Follows an outgoing migration in a separate thread while another thread reads its stream: queries
 * QEMU's counters, stops a guest that does not converge, cancels the migration on request, and
 * resumes the guest as soon as QEMU has completed the migration.
 */
final class MigrationWatch implements AutoCloseable {
  /** QEMU's state of a migration with a stopped guest, whose disks are still active. */
  private static final String PAUSED = "pre-switchover";

  private static final Duration POLL_TIME = Duration.ofMillis(100);

  /** Poll interval for the end of the stream, after which the guest waits to be resumed. */
  private static final Duration LOOK_TIME = Duration.ofMillis(2);

  /** Time to wait for a QEMU that may hang, after the watch is closed or the save was cancelled. */
  private static final Duration CLOSE_TIME = Duration.ofMillis(500);

  /** Time for QEMU to report the reason after a stream has ended early. */
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

  /** Held during commands to QEMU, which must not begin after {@link #close()}. */
  private final ReentrantLock acting = new ReentrantLock();

  // Accessed only by the watching thread.
  private final Downtime downtime = new Downtime();
  private boolean cancelled;

  private boolean stopped;

  /** Whether the migration was paused before the switchover, and goes on. */
  private boolean switched;

  /** Whether the guest is stopped because another client of QEMU has stopped it. */
  private boolean stoppedByAnother;

  /**
   * Actions during the migration.
   *
   * @param maxPasses number of passes after which the guest is stopped; 0 for no maximum
   * @param begun run first, while the stream is being read already, since QEMU does not answer
   *     while it waits for a reader of a stopped guest's stream
   * @param switchover run when QEMU has paused the migration before it sends the devices, with the
   *     guest stopped; lets the migration go on. Empty if QEMU does not pause it
   * @param completed run when QEMU has completed the migration, before the guest is resumed
   * @param resume whether the guest is resumed then
   */
  record Plan(
      int maxPasses,
      Runnable begun,
      Optional<Runnable> switchover,
      Runnable completed,
      boolean resume) {}

  /**
   * Outcome of the migration.
   *
   * @param state QEMU's final state of the migration
   * @param downtime time from the guest's stop until it was resumed or the migration ended
   * @param resumed whether the guest was resumed
   * @param resumeFailure the failure of resuming the guest, if there was one
   */
  record Outcome(
      MigrationState state,
      Duration downtime,
      boolean resumed,
      Optional<FixedRamException> resumeFailure) {

    /** The outcome for the report. */
    SaveOutcome saved() {
      return new SaveOutcome(state.passes(), downtime, Optional.empty(), resumed, resumeFailure);
    }
  }

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
   * Waits for QEMU to complete the migration; only briefly after a cancellation.
   *
   * @throws FixedRamException if QEMU does not complete it
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
   * The real cause of a failure to read the stream: a cancellation, or QEMU's reason if QEMU ended
   * the stream early.
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

  private Optional<FixedRamException> qemusReason(Duration timeout) {
    try {
      Outcome end = outcome.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return end.state.is("completed") ? Optional.empty() : Optional.of(failure(end.state));
    } catch (ExecutionException e) {
      return Optional.of(reason(e));
    } catch (TimeoutException e) {
      // QEMU continues, so it is not the cause.
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

  /**
   * Reports that the stream was read to its end, so that QEMU is about to complete the migration.
   */
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
        switchOver(state);
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
      // Without the watch, the reader would not notice that nothing more comes.
      connection.close();
    }
  }

  /** Handles QEMU's events until it is time to query QEMU. */
  private void awaitNews() {
    long until = System.nanoTime() + POLL_TIME.toNanos();
    Optional<QmpEvent> event;
    do {
      event = qmp().nextEvent(LOOK_TIME);
      event.ifPresent(this::take);
    } while (event.isEmpty()
        && !streamEnded
        && !closed
        && !mayPauseSoon()
        && System.nanoTime() < until);
  }

  /** Whether QEMU has stopped the guest, and pauses the migration then. */
  private boolean mayPauseSoon() {
    return plan.switchover.isPresent() && !switched && downtime.hasBegun();
  }

  private QmpClient qmp() {
    return migration.qemu().qmp();
  }

  /** Runs a command, unless this is closed. */
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
      // QEMU itself stops the guest at the end, with state finish-migrate or postmigrate.
      case "STOP" ->
          stoppedByAnother = !migration.guestStopped() && migration.qemu().guest().is("paused");
      default -> {
        // Other events do not tell who controls the guest.
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

  private void switchOver(MigrationState state) {
    if (state.is(PAUSED) && !cancelled && !switched) {
      switched = true;
      plan.switchover.ifPresent(this::act);
    }
  }

  private Optional<FixedRamException> resume() {
    try {
      migration.qemu().awaitFinished();
      act(this::resumeIfOurs);
      // QEMU sends the event RESUME before its answer.
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
   * Stops watching without ending the migration. Waits only briefly for an answer of QEMU, and
   * sends no more commands.
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
