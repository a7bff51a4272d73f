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
 * One migration of a guest's memory and devices over a transport, in its own thread, with QEMU's
 * status values and counters:
 *
 * <pre>
 *   none -> setup -> active -> [pre-switchover -> device ->] completed
 *   any of these but none and completed -> failed
 *   any of these but none and completed -> cancelling -> cancelled
 * </pre>
 *
 * <p>Before the migration is completed, an earlier file of the target's name is not touched. After
 * a failure or cancellation the guest runs as before, and the dirty log has all its marks. Only one
 * failure is possible after the new file has its name: syncing the directory.
 *
 * <p>The migration's thread is not a daemon thread, so the JVM does not exit before the migration
 * has ended. Thread-safe.
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

  /** The first of the mutually exclusive outcomes. */
  private enum Fate {
    OPEN,
    CANCELLED,
    FAILED,
    PUBLISHED
  }

  /** Result of the migration. */
  private record Outcome(
      Duration totalTime, Optional<FixedRamException> failure, Optional<WrittenSave> written) {}

  /**
   * Prepares a migration with status none.
   *
   * @throws FixedRamException if the configuration does not match the memory
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

  /** Converts phases of the source to status changes and events. */
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

  /** Adds a listener for later changes. */
  public void addListener(MigrationListener listener) {
    board.add(listener);
  }

  /**
   * Opens the transport and starts the migration.
   *
   * @throws FixedRamException if the settings or the transport don't allow a migration, or another
   *     migration or load uses the memory; the status then stays none, and the migration can be
   *     started again
   * @throws IllegalStateException if the migration was started before
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

  /** Body of the migration's thread. The guest's callbacks can throw anything. */
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
      // The cancelling thread may not have set this status yet.
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
        // Before the target is closed, which may take long while the guest is stopped.
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

  /** Interrupts a thread, but not after it has called {@link #end}. */
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

    /** Called by the thread itself; it is not interrupted when this returns. */
    synchronized void end() {
      wanted = false;
      var _ = Thread.interrupted();
    }
  }

  /**
   * Cancels the migration: the guest runs on and the unfinished file is removed. A cancellation
   * during the sync of the file takes effect after the sync.
   *
   * @return false if the migration has not started, has ended, or is publishing its file
   */
  public boolean cancel() {
    if (board.status() == MigrationStatus.NONE || !fate.compareAndSet(Fate.OPEN, Fate.CANCELLED)) {
      return false;
    }
    try {
      // Before the listeners are called, which may take long: the migration must not continue
      // meanwhile.
      cancellation.cancel();
    } finally {
      board.change(UNDER_WAY::contains, MigrationStatus.CANCELLING);
    }
    return true;
  }

  /**
   * Continues from status pre-switchover (QMP {@code migrate-continue}). Returns false if the
   * status was another one.
   */
  public boolean continueSwitchover() {
    return board.change(status -> status == MigrationStatus.PRE_SWITCHOVER, MigrationStatus.DEVICE);
  }

  /** Sets the parameters, which take effect while the migration runs. */
  public void setParameters(MigrationParameters newParameters) {
    parameters = newParameters;
  }

  /** The current status. */
  public MigrationStatus status() {
    return board.status();
  }

  /** The current status and counters. */
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
   * Waits until the migration has ended, whatever its outcome. It does not access the memory after
   * that.
   *
   * @throws CancelledException if the calling thread was interrupted
   */
  public void awaitEnd() {
    await(MigrationStatus::isFinal, StatusBoard.FOREVER);
  }

  /**
   * Waits until the migration is completed.
   *
   * @return the final status and counters
   * @throws CancelledException if the migration was cancelled, or the calling thread was
   *     interrupted
   * @throws FixedRamException the failure of the migration
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
   * Waits for a status.
   *
   * @param wanted whether a status is waited for; called with a lock held, so it must not block or
   *     call the migration. A status that changes at once may be missed, a final one is not
   * @return false if the timeout has expired
   * @throws CancelledException if the calling thread was interrupted
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
