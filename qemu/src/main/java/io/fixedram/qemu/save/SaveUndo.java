// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.os.Threads;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.TemporarySettings;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Duration;

/**
 * Cleanup after a failed save: cancels its migration, restores QEMU's settings, and brings the
 * guest into its previous state. All steps are tried; failures are warnings, since they must not
 * hide the failure of the save.
 *
 * <p>After a cancellation it does not wait long for a QEMU that does not answer, unless the guest
 * was stopped for the save and would stay stopped.
 */
final class SaveUndo {
  private static final Duration ANSWER_TIME = Duration.ofSeconds(10);

  /** Timeout for a QEMU that does not answer, after a cancellation. */
  private static final Duration SHORT_ANSWER_TIME = Duration.ofSeconds(2);

  private static final Duration LOOK_TIME = Duration.ofMillis(50);

  private final OutgoingMigration own;
  private final TemporarySettings settings;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final QemuMigration hurried;

  /** Whether QEMU is known to have ended. */
  private boolean gone;

  SaveUndo(
      OutgoingMigration own,
      TemporarySettings settings,
      TransferListener listener,
      Cancellation cancellation) {
    this.own = own;
    this.settings = settings;
    this.listener = listener;
    this.cancellation = cancellation;
    this.hurried = own.qemu().within(ANSWER_TIME);
  }

  /**
   * Runs the cleanup.
   *
   * @param failure failure of the save, to which others are added as suppressed
   * @param before the guest's status before the save
   * @return whether the guest is known to be in that state again, or QEMU is gone
   */
  boolean run(Throwable failure, GuestStatus before) {
    return failure instanceof QemuGoneException
        || Threads.withoutInterrupt(() -> undo(failure, before) || gone);
  }

  private boolean undo(Throwable failure, GuestStatus before) {
    if (!cancelMigration(failure)) {
      warn("QEMU does not answer" + andSettings() + andStopped());
      return false;
    }
    if (!own.hasBegun() && !own.guestStopped() && !settings.areChanged()) {
      return true;
    }
    if (!attempt(failure, this::awaitOthers)) {
      warn(
          "another migration is under way, or QEMU does not answer" + andSettings() + andStopped());
      return false;
    }
    boolean asBefore = attempt(failure, () -> bringBackGuest(before));
    if (!asBefore) {
      warn("it is not known whether the guest runs on as it did before");
    }
    if (!attempt(failure, settings::putBack)) {
      warn("QEMU's migration settings could not be put back");
    }
    return asBefore;
  }

  /** Warns, unless QEMU is gone. */
  private void warn(String sentence) {
    if (!gone) {
      listener.warning(sentence);
    }
  }

  private String andSettings() {
    return settings.areChanged() ? ", so its migration settings may stay as the save had them" : "";
  }

  /**
   * Cancels the migration. If the guest would stay stopped, warns the user about the longer wait.
   */
  private boolean cancelMigration(Throwable failure) {
    if (cancellation.isCancelled() && !attempt(failure, () -> own.cancel(SHORT_ANSWER_TIME))) {
      if (!own.guestStopped()) {
        return false;
      }
      listener.warning(
          "QEMU does not answer; waiting "
              + ANSWER_TIME.toSeconds()
              + " s more, since the guest is stopped");
    }
    return attempt(failure, () -> own.cancelAndWait(ANSWER_TIME));
  }

  private String andStopped() {
    return own.guestStopped() ? ", and the guest stopped" : "";
  }

  /** Waits for the end of another client's migration, whose settings must not be changed. */
  private void awaitOthers() {
    boolean told = false;
    while (hurried.state().isUnderWay()) {
      cancellation.throwIfCancelled();
      if (!told) {
        told = true;
        listener.note(
            "another migration is under way: settings that this save has changed are put back at its end");
      }
      Pause.of(LOOK_TIME);
    }
  }

  private void bringBackGuest(GuestStatus before) {
    hurried.awaitFinished();
    GuestStatus now = hurried.guest();
    if (before.running() && !now.running()) {
      resume(now);
    } else if (now.is("postmigrate") && own.hasBegun()) {
      // A guest in that state must run before it can be saved.
      listener.warning("the guest must run (QMP 'cont') before it can be saved again");
    }
  }

  private void resume(GuestStatus now) {
    if (own.mayResume(now)) {
      own.resumeGuest(ANSWER_TIME);
    } else {
      listener.warning(
          "the guest is in the state '"
              + now.name()
              + "', which this save has not caused, and stays in it");
    }
  }

  private boolean attempt(Throwable failure, Runnable part) {
    try {
      part.run();
      return true;
    } catch (QemuGoneException e) {
      gone = true;
      return false;
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
      return false;
    }
  }
}
