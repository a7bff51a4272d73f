// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.qmp.QmpException;
import java.time.Duration;

/**
 * The migration of a save, and its effects on the guest. QEMU has one migration at a time, and
 * other clients may start theirs before or after this one: only a migration that was begun here is
 * cancelled, and only a guest that was stopped here is resumed. Steps that begin something can be
 * cancelled by the user; steps that undo something can't. Thread-safe.
 */
public final class OutgoingMigration {
  /** Timeout for QEMU to start the migration; half a second once the user has cancelled. */
  private static final Duration BEGIN_TIME = Duration.ofSeconds(60);

  private final QemuMigration cancellable;
  private final QemuMigration migration;
  private volatile boolean begun;
  private volatile boolean ended;
  private volatile boolean guestStopped;
  private volatile boolean guestResumed;

  /**
   * Prepares a migration.
   *
   * @param cancellable commands that the user's cancellation ends
   */
  public OutgoingMigration(QemuMigration cancellable) {
    this.cancellable = cancellable;
    this.migration = cancellable.uncancellable();
  }

  /** Commands that begin or query something; the user's cancellation ends them. */
  public QemuMigration cancellable() {
    return cancellable;
  }

  /** Commands that must be executed whether or not the user has cancelled. */
  public QemuMigration qemu() {
    return migration;
  }

  /**
   * Starts the migration. Without an answer it does not count as begun: its target is closed then,
   * so that it fails by itself. After a cancellation the answer is still waited for briefly, since
   * a migration that has begun must be cancelled.
   *
   * @throws QmpException if QEMU refuses, because of another migration for example
   */
  public void begin(String uri) {
    cancellable.cleaningUp(BEGIN_TIME).start(uri);
    ended = false;
    begun = true;
  }

  /** Whether QEMU has accepted the command to start the migration. */
  public boolean hasBegun() {
    return begun;
  }

  /** QEMU's migration state, which is that of this migration while it is in progress. */
  public MigrationState state() {
    return state(migration);
  }

  /** QEMU's migration state; the user's cancellation ends the query. */
  public MigrationState stateUnlessCancelled() {
    return state(cancellable);
  }

  private MigrationState state(QemuMigration asked) {
    MigrationState state = asked.state();
    if (begun && !state.isUnderWay()) {
      ended = true;
    }
    return state;
  }

  /** Cancels the migration if it is in progress, with a timeout for QEMU's answer. */
  public void cancel(Duration answerTime) {
    if (begun && !ended) {
      migration.within(answerTime).cancel();
    }
  }

  /**
   * Cancels the migration if it is in progress, and waits until it has ended.
   *
   * @throws FixedRamException if it does not end in time
   */
  public void cancelAndWait(Duration timeout) {
    QemuMigration hurried = migration.within(timeout);
    if (!begun || ended || !state(hurried).isUnderWay()) {
      return;
    }
    hurried.cancel();
    long until = System.nanoTime() + timeout.toNanos();
    while (state(hurried).isUnderWay()) {
      if (System.nanoTime() > until) {
        throw new FixedRamException("QEMU did not cancel the migration");
      }
      Pause.of(Duration.ofMillis(10));
    }
  }

  /** Stops the guest if it runs. */
  public void stopGuest() {
    if (cancellable.guest().running()) {
      // Set first, since QEMU executes a command even if its answer comes too late.
      guestStopped = true;
      cancellable.stopGuest();
    }
  }

  /** Whether the guest was stopped here. */
  public boolean guestStopped() {
    return guestStopped;
  }

  /**
   * Whether the guest's state is an effect of this save, so that the guest may be resumed. False
   * once it was resumed, since its state may then be that of another migration.
   */
  public boolean mayResume(GuestStatus now) {
    return switch (now.name()) {
      case "finish-migrate", "postmigrate" -> begun && !guestResumed;
      // The second if another client has reset it meanwhile.
      case "paused", "prelaunch" -> guestStopped && !guestResumed;
      default -> false;
    };
  }

  /**
   * Resumes the guest, with a timeout for QEMU's answer. After a failure it may be resumed again.
   */
  public void resumeGuest(Duration answerTime) {
    migration.within(answerTime).resumeGuest();
    guestResumed = true;
  }
}
