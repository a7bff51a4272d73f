// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpException;
import java.util.List;
import java.util.Set;

/**
 * What can be seen before a guest is touched: whether QEMU would send it, and whether it could go
 * on afterwards.
 */
public final class OutgoingChecks {
  /** States of a job that touches no disk any more. */
  private static final Set<String> ENDED_JOB = Set.of("aborting", "concluded", "null");

  private final QemuMigration migration;

  /** Checks of a QEMU that is to be asked through this. */
  public OutgoingChecks(QemuMigration migration) {
    this.migration = migration;
  }

  /**
   * Looks at the guest.
   *
   * @return what it does now
   * @throws FixedRamException saying why it cannot be saved
   */
  public GuestStatus run() {
    GuestStatus guest = migration.guest();
    switch (guest.name()) {
      case "inmigrate" ->
          throw cannot("it still waits for an incoming migration; restore into it first");
      case "postmigrate" ->
          throw cannot(
              "it was saved or migrated before and has not run since; let it go on first"
                  + " (QMP 'cont'), or end it if it runs elsewhere now");
      case "suspended" -> throw cannot("it sleeps; wake it first (QMP 'system_wakeup')");
      case "save-vm", "restore-vm", "finish-migrate", "colo" ->
          throw cannot("it is in the state '" + guest.name() + "'; wait for its end");
      default -> {
        // All others can be saved, running or not.
      }
    }
    MigrationState state = state();
    if (state.isUnderWay()) {
      throw underWay(state);
    }
    if (!state.blockedReasons().isEmpty()) {
      throw cannot("QEMU says: " + String.join("; ", state.blockedReasons()));
    }
    checkBlockJobs();
    return guest;
  }

  /** The refusal of a guest that somebody else saves or migrates just now. */
  public static FixedRamException underWay(MigrationState state) {
    return cannot("a migration or save is under way (" + state.status() + "); wait for its end");
  }

  /**
   * At its end a migration gives the disks up. A mirror job that still writes then ends QEMU by an
   * assertion, in 7.2 at once and in 10.0 after the save was told as completed; backup and commit
   * jobs have QEMU fail when everything is sent; a stream job writes on to a disk that is given up.
   */
  private void checkBlockJobs() {
    List<Json> jobs;
    try {
      jobs = migration.qmp().execute("query-block-jobs").items();
    } catch (QmpException e) {
      // Not a QEMU, or one without a block layer.
      return;
    }
    for (Json job : jobs) {
      if (!ENDED_JOB.contains(job.findText("status").orElse(""))) {
        throw cannot(
            "block job '"
                + job.get("device").text()
                + "' ("
                + job.get("type").text()
                + ") is under way, and QEMU can abort over it; wait for its end or cancel it (QMP"
                + " 'block-job-cancel')");
      }
    }
  }

  private MigrationState state() {
    try {
      return migration.state();
    } catch (QmpException e) {
      // Under --preconfig QEMU knows few commands, and this is not one of them.
      throw cannot("QEMU has not made its machine yet (" + e.description() + ")");
    }
  }

  private static FixedRamException cannot(String why) {
    return new FixedRamException("this guest cannot be saved: " + why);
  }
}
