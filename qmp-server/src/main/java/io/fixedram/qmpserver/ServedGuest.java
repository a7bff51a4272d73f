// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.engine.GuestControl;
import io.fixedram.engine.Migration;
import io.fixedram.engine.Transport;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.migration.MigrationStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A guest with what QEMU keeps for one: its run state, the capabilities and parameters that the
 * next migration takes, and the migration that was started last. Safe for use by several threads.
 */
public final class ServedGuest implements AutoCloseable {
  private final GuestMemory memory;
  private final Configuration configuration;
  private final SwitchedGuest guest;
  private final List<Consumer<GuestEvent>> listeners = new CopyOnWriteArrayList<>();
  private MigrationCapabilities capabilities = MigrationCapabilities.of();
  private MigrationParameters parameters = MigrationParameters.defaults();
  private Optional<Migration> migration = Optional.empty();
  private boolean closed;

  /**
   * A guest that runs, with QEMU's default settings.
   *
   * @param guest stops and starts it; {@link GuestControl#saved} is not called, since a served
   *     guest stays stopped after a migration until a command starts it
   * @param configuration what a save says of it
   */
  public ServedGuest(GuestMemory memory, GuestControl guest, Configuration configuration) {
    this.memory = memory;
    this.configuration = configuration;
    this.guest = new SwitchedGuest(guest, this::tell);
  }

  private void tell(GuestEvent event) {
    listeners.forEach(listener -> listener.accept(event));
  }

  /** Adds somebody to be told of events, by the threads that bring them about. */
  void addListener(Consumer<GuestEvent> listener) {
    listeners.add(listener);
  }

  void removeListener(Consumer<GuestEvent> listener) {
    listeners.remove(listener);
  }

  /** Whether it runs. */
  public RunState runState() {
    return guest.state();
  }

  /** Stops it, if it runs. */
  public void stop() {
    guest.pause();
  }

  /**
   * Starts it again, if it stands still.
   *
   * @throws FixedRamException if a migration needs it stopped
   */
  public void cont() {
    guest.proceed();
  }

  /** What is on for the next migration. */
  public synchronized MigrationCapabilities capabilities() {
    return capabilities;
  }

  /**
   * Switches some capabilities, all of them or none.
   *
   * @throws FixedRamException if the outcome contradicts itself, or a migration is under way
   */
  public synchronized void setCapabilities(Map<MigrationCapability, Boolean> changes) {
    requireNoneUnderWay();
    capabilities = capabilities.with(changes);
  }

  /** The numbers that steer the migration under way and the next one. */
  public synchronized MigrationParameters parameters() {
    return parameters;
  }

  /** Changes numbers, for the migration under way too. */
  public synchronized void changeParameters(UnaryOperator<MigrationParameters> change) {
    parameters = change.apply(parameters);
    migration.ifPresent(current -> current.setParameters(parameters));
  }

  private void requireNoneUnderWay() {
    if (migration.filter(current -> !current.status().isFinal()).isPresent()) {
      throw new FixedRamException("a migration is under way");
    }
  }

  private synchronized MigrationSettings settings() {
    return new MigrationSettings(configuration, capabilities, parameters);
  }

  /**
   * Returns if a migration could be started now.
   *
   * @param seekable whether its transport can seek
   * @throws FixedRamException why not
   */
  public synchronized void checkMigration(boolean seekable) {
    requireNoneUnderWay();
    if (closed) {
      throw new FixedRamException("the guest is ending, and is not migrated any more");
    }
    if (guest.state() == RunState.POSTMIGRATE) {
      throw new FixedRamException(
          "the guest has not run since it was migrated: start it again first (cont)");
    }
    settings().check(seekable);
  }

  /**
   * Starts a migration.
   *
   * @throws FixedRamException if it can't be started; the one before is then still the last
   */
  public synchronized void migrate(Transport transport) {
    checkMigration(transport.isSeekable());
    Migration next = new Migration(memory, guest, settings());
    next.addListener(new Follower(capabilities.has(MigrationCapability.EVENTS)));
    next.start(transport);
    migration = Optional.of(next);
  }

  /** Turns what a migration tells into events, if they are wanted. */
  private final class Follower implements MigrationListener {
    private final boolean telling;

    Follower(boolean telling) {
      this.telling = telling;
    }

    @Override
    public void statusChanged(MigrationStatus status) {
      if (telling) {
        tell(GuestEvent.migration(status));
      }
    }

    @Override
    public void dirtyLogRead(long count) {
      if (telling) {
        tell(GuestEvent.pass(count));
      }
    }
  }

  /** Cancels the migration under way, if there is one. */
  public synchronized void cancelMigration() {
    migration.ifPresent(Migration::cancel);
  }

  /** Goes on from pre-switchover; whether a migration was in that state. */
  public synchronized boolean continueSwitchover() {
    return migration.filter(Migration::continueSwitchover).isPresent();
  }

  /** The migration that was started last. */
  public synchronized Optional<MigrationInfo> migration() {
    return migration.map(Migration::info);
  }

  /**
   * Cancels the migration under way and waits for its end. From then on nothing touches the guest
   * or its memory, which can be freed: commands are refused.
   */
  @Override
  public void close() {
    Optional<Migration> last;
    synchronized (this) {
      closed = true;
      cancelMigration();
      last = migration;
    }
    last.ifPresent(Migration::awaitEnd);
    guest.close();
  }
}
