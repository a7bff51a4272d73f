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
 * A guest with the state that QEMU keeps for one: its run state, the capabilities and parameters
 * for the next migration, and the last migration. Thread-safe.
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
   * Creates the state of a running guest, with QEMU's default settings.
   *
   * @param guest stops and resumes the guest; {@link GuestControl#saved} is not called, since a
   *     served guest stays stopped after a migration until a command resumes it
   * @param configuration the guest's configuration in a save
   */
  public ServedGuest(GuestMemory memory, GuestControl guest, Configuration configuration) {
    this.memory = memory;
    this.configuration = configuration;
    this.guest = new SwitchedGuest(guest, this::tell);
  }

  private void tell(GuestEvent event) {
    listeners.forEach(listener -> listener.accept(event));
  }

  /** Adds a listener, called by the threads that cause the events. */
  void addListener(Consumer<GuestEvent> listener) {
    listeners.add(listener);
  }

  void removeListener(Consumer<GuestEvent> listener) {
    listeners.remove(listener);
  }

  /** The current run state. */
  RunState runState() {
    return guest.state();
  }

  /** Stops the guest if it runs. */
  public void stop() {
    guest.pause();
  }

  /**
   * Resumes the guest if it is stopped.
   *
   * @throws FixedRamException if a migration needs it stopped
   */
  public void cont() {
    guest.proceed();
  }

  /** The capabilities for the next migration. */
  public synchronized MigrationCapabilities capabilities() {
    return capabilities;
  }

  /**
   * Switches capabilities on or off, all of them or none.
   *
   * @throws FixedRamException if the resulting capabilities are incompatible, or a migration is in
   *     progress
   */
  public synchronized void setCapabilities(Map<MigrationCapability, Boolean> changes) {
    requireNoneUnderWay();
    capabilities = capabilities.with(changes);
  }

  /** The parameters of the current and the next migration. */
  public synchronized MigrationParameters parameters() {
    return parameters;
  }

  /** Changes parameters, also of the current migration. */
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
   * Checks that a migration can be started now.
   *
   * @param seekable whether the transport is seekable
   * @throws FixedRamException if a migration can't be started
   */
  synchronized void checkMigration(boolean seekable) {
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
   * @throws FixedRamException if the migration can't be started; the last migration is not changed
   *     then
   */
  public synchronized void migrate(Transport transport) {
    checkMigration(transport.isSeekable());
    Migration next = new Migration(memory, guest, settings());
    next.addListener(new Follower(capabilities.has(MigrationCapability.EVENTS)));
    next.start(transport);
    migration = Optional.of(next);
  }

  /** Converts notifications of a migration to events, if the capability events is on. */
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

  /** Cancels the current migration, if there is one. */
  public synchronized void cancelMigration() {
    migration.ifPresent(Migration::cancel);
  }

  /** Continues from pre-switchover; returns whether a migration was in that status. */
  public synchronized boolean continueSwitchover() {
    return migration.filter(Migration::continueSwitchover).isPresent();
  }

  /** The last migration that was started; empty if there was none. */
  public synchronized Optional<MigrationInfo> migration() {
    return migration.map(Migration::info);
  }

  /**
   * Cancels the current migration and waits for its end. After that commands are refused, and
   * nothing accesses the guest or its memory, which may be freed.
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
