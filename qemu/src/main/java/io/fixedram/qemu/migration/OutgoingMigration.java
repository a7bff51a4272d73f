// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.qmp.QmpException;
import java.time.Duration;

/**
 * The migration that a save starts, and what the save does to the guest. QEMU has one migration at
 * a time, and others may start theirs before or after this one: only what was begun here is
 * cancelled, and only a guest that was stopped here is let run. What begins something ends early
 * when the user asks for the end; what undoes it does not. Safe for use by several threads.
 */
public final class OutgoingMigration {
  /** What QEMU may take to start, of which half a second is left once the end was asked for. */
  private static final Duration BEGIN_TIME = Duration.ofSeconds(60);

  private final QemuMigration heeding;
  private final QemuMigration migration;
  private volatile boolean begun;
  private volatile boolean ended;
  private volatile boolean guestStopped;
  private volatile boolean guestResumed;

  /**
   * One that is yet to begin.
   *
   * @param heeding has a client that heeds the user's cancellation
   */
  public OutgoingMigration(QemuMigration heeding) {
    this.heeding = heeding;
    this.migration = heeding.unheeding();
  }

  /** QEMU for what begins something, or only asks. */
  public QemuMigration heeding() {
    return heeding;
  }

  /** QEMU for what must be done whether or not the end was asked for. */
  public QemuMigration qemu() {
    return migration;
  }

  /**
   * Starts it. Where the answer does not come it is not taken for begun: what it would send to is
   * closed then, and it fails by itself. The answer is waited for a little after a cancellation,
   * since a migration that has begun is to be cancelled.
   *
   * @throws QmpException if QEMU refuses, because of another migration for example
   */
  public void begin(String uri) {
    heeding.cleaningUp(BEGIN_TIME).start(uri);
    ended = false;
    begun = true;
  }

  /** Whether QEMU took the command to start it. */
  public boolean hasBegun() {
    return begun;
  }

  /** QEMU's state, which is that of this migration while it is under way. */
  public MigrationState state() {
    return state(migration);
  }

  /** The same for who ends early when the user asks for the end. */
  public MigrationState stateUnlessCancelled() {
    return state(heeding);
  }

  private MigrationState state(QemuMigration asked) {
    MigrationState state = asked.state();
    if (begun && !state.isUnderWay()) {
      ended = true;
    }
    return state;
  }

  /** Cancels it if it is under way, with so much time for QEMU to answer. */
  public void cancel(Duration answerTime) {
    if (begun && !ended) {
      migration.within(answerTime).cancel();
    }
  }

  /**
   * Cancels it if it is under way, and returns when it has ended.
   *
   * @throws FixedRamException if it goes on nevertheless
   */
  public void cancelAndWait(Duration patience) {
    QemuMigration hurried = migration.within(patience);
    if (!begun || ended || !state(hurried).isUnderWay()) {
      return;
    }
    hurried.cancel();
    long until = System.nanoTime() + patience.toNanos();
    while (state(hurried).isUnderWay()) {
      if (System.nanoTime() > until) {
        throw new FixedRamException("QEMU goes on migrating though that was cancelled");
      }
      Pause.of(Duration.ofMillis(10));
    }
  }

  /** Stops the guest if it runs. */
  public void stopGuest() {
    if (heeding.guest().running()) {
      // First, since a command that QEMU answers too late is carried out all the same.
      guestStopped = true;
      heeding.stopGuest();
    }
  }

  /** Whether the guest was stopped here. */
  public boolean guestStopped() {
    return guestStopped;
  }

  /**
   * Whether the save has put a guest into its state, or QEMU has for it. Not so once it was let go
   * on: it may be another migration that has taken it then.
   */
  public boolean mayResume(GuestStatus now) {
    return switch (now.name()) {
      case "finish-migrate", "postmigrate" -> begun && !guestResumed;
      case "paused" -> guestStopped && !guestResumed;
      default -> false;
    };
  }

  /** Lets the guest go on, if QEMU takes so long to answer at most. */
  public void resumeGuest(Duration answerTime) {
    guestResumed = true;
    migration.within(answerTime).resumeGuest();
  }
}
