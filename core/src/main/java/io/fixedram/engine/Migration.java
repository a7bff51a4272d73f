// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.migration.MigrationStatus;
import io.fixedram.write.WrittenSave;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/**
 * One migration of a guest's memory and devices over a transport, in a thread of its own, with the
 * states and counters that QEMU gives it:
 *
 * <pre>
 *   none -> setup -> active -> [pre-switchover -> device ->] completed
 *   any of these but none and completed -> failed
 *   any of these but none and completed -> cancelling -> cancelled
 * </pre>
 *
 * <p>Before it has completed, nothing of it is seen: an earlier file of the target's name is as it
 * was. After it has failed or been cancelled the guest runs as before, and the dirty log has every
 * mark that it had or got. One failure comes after the new file has its name: that the name could
 * not be brought onto the device.
 *
 * <p>The migration's thread is no daemon: a program that ends its main thread goes on until the
 * migration has ended. All methods may be called by any thread.
 */
public final class Migration {
  private static final Set<MigrationStatus> UNDER_WAY =
      EnumSet.of(
          MigrationStatus.SETUP,
          MigrationStatus.ACTIVE,
          MigrationStatus.PRE_SWITCHOVER,
          MigrationStatus.DEVICE);

  private final GuestMemory memory;
  private final MigrationSettings settings;
  private final StatusBoard board = new StatusBoard();
  private final Cancellation cancellation = new Cancellation();
  private final MigrationCounters counters = new MigrationCounters();
  private final LiveMemory source;
  private final AtomicBoolean started = new AtomicBoolean();
  private final AtomicReference<Fate> fate = new AtomicReference<>(Fate.OPEN);
  private volatile MigrationParameters parameters;
  private volatile long startNanos;
  private volatile Duration setupTime = Duration.ZERO;
  private volatile Optional<Outcome> outcome = Optional.empty();

  /** Which of those that rule each other out came first. */
  private enum Fate {
    OPEN,
    CANCELLED,
    FAILED,
    PUBLISHED
  }

  /** How it ended. */
  private record Outcome(
      Duration totalTime, Optional<FixedRamException> failure, Optional<WrittenSave> written) {}

  /**
   * Prepares a migration; its state is none.
   *
   * @throws FixedRamException if the configuration does not fit the memory
   */
  public Migration(GuestMemory memory, GuestControl guest, MigrationSettings settings) {
    this.memory = memory;
    this.settings = settings;
    this.parameters = settings.parameters();
    this.source =
        new LiveMemory(
            memory,
            guest,
            settings.configuration(),
            () -> parameters,
            cancellation,
            counters,
            new Turns());
  }

  /** Turns of the source that are states here. */
  private final class Turns implements LiveMemory.Watcher {
    @Override
    public void setUp() {
      setupTime = Duration.ofNanos(System.nanoTime() - startNanos);
      change(MigrationStatus.SETUP, MigrationStatus.ACTIVE);
    }

    @Override
    public void synced(long count) {
      board.announce(listener -> listener.dirtyLogRead(count));
    }

    @Override
    public void passBegins(long pass) {
      board.announce(listener -> listener.passBegins(pass));
    }

    @Override
    public void stopped() {
      if (!settings.capabilities().has(MigrationCapability.PAUSE_BEFORE_SWITCHOVER)) {
        return;
      }
      change(MigrationStatus.ACTIVE, MigrationStatus.PRE_SWITCHOVER);
      try {
        board.await(status -> status != MigrationStatus.PRE_SWITCHOVER, StatusBoard.FOREVER);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CancelledException();
      }
    }

    private void change(MigrationStatus from, MigrationStatus to) {
      if (!board.change(status -> status == from, to)) {
        throw new CancelledException();
      }
    }
  }

  /** Adds somebody who hears of changes from now on. */
  public void addListener(MigrationListener listener) {
    board.add(listener);
  }

  /**
   * Opens the transport and starts.
   *
   * @throws FixedRamException if the settings or the transport don't allow a migration, or another
   *     one uses the memory; the state then stays none, and nothing has happened
   * @throws IllegalStateException if it was started before
   */
  public void start(Transport transport) {
    settings.check(transport.isSeekable());
    if (!started.compareAndSet(false, true)) {
      throw new IllegalStateException("a migration starts once");
    }
    GuestMemory.Use use;
    Transport.Open open;
    try {
      use = memory.use("migration");
      try {
        open = transport.open(settings.capabilities().format());
      } catch (RuntimeException | Error e) {
        use.close();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      started.set(false);
      throw e;
    }
    startNanos = System.nanoTime();
    board.change(status -> true, MigrationStatus.SETUP);
    try {
      Thread.ofPlatform().name("fixedram migration").start(() -> run(open, use));
    } catch (Error e) {
      Undo.attempt(e, open::close);
      end(use, Optional.of(FixedRamException.of("the migration failed", e)), Optional.empty());
      throw e;
    }
  }

  /** The whole of the migration's thread. What it calls of the guest's can throw anything. */
  @SuppressWarnings("CatchThrowable")
  private void run(Transport.Open open, GuestMemory.Use use) {
    Optional<FixedRamException> failure = Optional.empty();
    Optional<WrittenSave> written = Optional.empty();
    try {
      written = transfer(open);
    } catch (Throwable e) {
      failure = Optional.of(FixedRamException.of("the migration failed", e));
    }
    end(use, failure, written);
  }

  private void end(
      GuestMemory.Use use, Optional<FixedRamException> failure, Optional<WrittenSave> written) {
    use.close();
    Duration totalTime = Duration.ofNanos(System.nanoTime() - startNanos);
    outcome = Optional.of(new Outcome(totalTime, failure, written));
    if (failure.isEmpty()) {
      board.change(UNDER_WAY::contains, MigrationStatus.COMPLETED);
    } else if (!fate.compareAndSet(Fate.OPEN, Fate.FAILED) && fate.get() == Fate.CANCELLED) {
      // The thread that cancels may not have come to say so yet.
      board.change(UNDER_WAY::contains, MigrationStatus.CANCELLING);
      board.change(status -> status == MigrationStatus.CANCELLING, MigrationStatus.CANCELLED);
    } else {
      board.change(UNDER_WAY::contains, MigrationStatus.FAILED);
    }
  }

  @SuppressWarnings("CatchThrowable")
  private Optional<WrittenSave> transfer(Transport.Open open) {
    try (open) {
      try {
        send(open);
        open.sync();
        if (!fate.compareAndSet(Fate.OPEN, Fate.PUBLISHED)) {
          throw new CancelledException();
        }
        return open.publish();
      } catch (Throwable e) {
        // Before the target is closed, which may take a while: the guest stands still.
        source.takeBack(e);
        throw e;
      }
    }
  }

  private void send(Transport.Open open) {
    Interrupter interrupter = new Interrupter(Thread.currentThread());
    try (Cancellation.Registration _ = cancellation.onCancel(open::interrupt);
        Cancellation.Registration _ = cancellation.onCancel(interrupter::interrupt)) {
      source.send(open.sink(), open::transferredBytes);
    } finally {
      interrupter.end();
    }
  }

  /** Interrupts a thread as long as that is wanted, and not a moment longer. */
  private static final class Interrupter {
    private final Thread thread;
    private boolean wanted = true;

    Interrupter(Thread thread) {
      this.thread = thread;
    }

    synchronized void interrupt() {
      if (wanted) {
        thread.interrupt();
      }
    }

    /** For the thread itself, which is not interrupted when this returns. */
    synchronized void end() {
      wanted = false;
      var _ = Thread.interrupted();
    }
  }

  /**
   * Asks for the end. The guest goes on, and nothing is left of what was written.
   *
   * @return false if it has not started or has ended, or its file is getting its name just now; a
   *     cancel while the file is being brought onto its device is heard once that is done
   */
  public boolean cancel() {
    if (board.status() == MigrationStatus.NONE || !fate.compareAndSet(Fate.OPEN, Fate.CANCELLED)) {
      return false;
    }
    try {
      // First: listeners take their time, and the migration must not go on meanwhile.
      cancellation.cancel();
    } finally {
      board.change(UNDER_WAY::contains, MigrationStatus.CANCELLING);
    }
    return true;
  }

  /** Goes on from the state pre-switchover (QMP {@code migrate-continue}); whether it was in it. */
  public boolean continueSwitchover() {
    return board.change(status -> status == MigrationStatus.PRE_SWITCHOVER, MigrationStatus.DEVICE);
  }

  /** Steers by other numbers from now on. */
  public void setParameters(MigrationParameters newParameters) {
    parameters = newParameters;
  }

  /** What it was made with. */
  public MigrationSettings settings() {
    return settings;
  }

  /** Its state now. */
  public MigrationStatus status() {
    return board.status();
  }

  /** State and counters now. */
  public MigrationInfo info() {
    MigrationStatus status = board.status();
    Optional<Outcome> ended = outcome;
    Duration sinceStart =
        status == MigrationStatus.NONE
            ? Duration.ZERO
            : Duration.ofNanos(System.nanoTime() - startNanos);
    return new MigrationInfo(
        status,
        ended.map(Outcome::totalTime).orElse(sinceStart),
        setupTime,
        counters.expectedDowntime(),
        counters.downtime(),
        counters.ram(),
        ended.flatMap(Outcome::failure),
        ended.flatMap(Outcome::written));
  }

  /**
   * Waits until it has ended, whatever came of it; from then on it leaves the memory alone.
   *
   * @throws CancelledException if this thread was interrupted
   */
  public void awaitEnd() {
    await(MigrationStatus::isFinal, StatusBoard.FOREVER);
  }

  /**
   * Waits until it has completed.
   *
   * @return its final state and counters
   * @throws CancelledException if it was cancelled, or this thread was interrupted
   * @throws FixedRamException why it failed
   */
  public MigrationInfo await() {
    awaitEnd();
    MigrationInfo info = info();
    return switch (info.status()) {
      case COMPLETED -> info;
      case FAILED ->
          throw info.failure().orElseThrow(() -> new AssertionError("failed without a reason"));
      default -> throw new CancelledException();
    };
  }

  /**
   * Waits for a state.
   *
   * @param wanted asked of each state it comes to, with a lock held, so that it may only look; a
   *     state that is left at once may be missed, a final one is not
   * @return false if none came in time
   * @throws CancelledException if this thread was interrupted
   */
  public boolean await(Predicate<MigrationStatus> wanted, Duration timeout) {
    try {
      return board.await(wanted, timeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    }
  }
}
