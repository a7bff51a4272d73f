// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.Destination;
import io.fixedram.qemu.load.IncomingGuest;
import io.fixedram.qemu.load.Loader;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.LateAnswerException;
import io.fixedram.qemu.qmp.QemuGoneException;
import java.time.Duration;

/**
 * The end of a load: QEMU has been sent the whole guest, has loaded it, and has brought it into the
 * requested state. Used by the restoring thread.
 *
 * @param save name of the save, for messages
 */
record Arrival(
    String save,
    RestoreListener listener,
    Destination destination,
    QemuMigration migration,
    IncomingGuest guest) {
  private static final Duration POLL_TIME = Duration.ofMillis(10);

  /**
   * Waits until QEMU has loaded the guest and it is in the requested state. If QEMU has sent
   * RESUME, the guest runs, and a QEMU that then does not answer is only a warning.
   *
   * @throws FixedRamException if QEMU can't load the guest, or it does not come into that state
   * @throws QemuGoneException if QEMU is gone
   */
  void await(Loader loader) {
    try {
      awaitLoaded();
      loader.loaded();
      settle();
    } catch (LateAnswerException e) {
      if (!guest.hasResumed()) {
        throw e;
      }
      warnUnanswered();
    }
  }

  private void warnUnanswered() {
    listener.warning(
        save
            + " is loaded and QEMU has said that the guest runs, but it does not answer: it hangs or"
            + " is very busy");
  }

  private void awaitLoaded() {
    MigrationState now = migration.state();
    while (!now.is("completed")) {
      if (now.isOver() && !now.is("none")) {
        throw refused(now);
      }
      guest.takeEvents(POLL_TIME);
      now = migration.state();
    }
  }

  private void settle() {
    try {
      guest.settle();
    } catch (CancelledException | QemuGoneException e) {
      throw e;
    } catch (FixedRamException e) {
      throw new FixedRamException(e.getMessage() + destination.outputClause(), e);
    }
    if (guest.isUnanswered()) {
      warnUnanswered();
    }
    guest
        .heldByItself()
        .ifPresent(now ->
            listener.warning(
                save
                    + " is loaded, and its guest in the state '"
                    + now.name()
                    + "': "
                    + now.remedy()));
  }

  /** The failure to report if QEMU has refused to load the guest. */
  FixedRamException refused(MigrationState failed) {
    return new FixedRamException(
        "QEMU could not load " + save + ": " + failed.reason() + "; its own output may say more");
  }
}
