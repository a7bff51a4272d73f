// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpException;
import java.util.List;
import java.util.Set;

/**
 * Checks before a guest is saved: whether QEMU can migrate it, and whether it can run on
 * afterwards.
 */
public final class OutgoingChecks {
  /** States of a block job that no longer accesses a disk. */
  private static final Set<String> ENDED_JOB = Set.of("aborting", "concluded", "null");

  private final QemuMigration migration;

  /** Prepares checks of a QEMU. */
  public OutgoingChecks(QemuMigration migration) {
    this.migration = migration;
  }

  /**
   * Runs the checks.
   *
   * @return the guest's current status
   * @throws FixedRamException if the guest cannot be saved, with the reason
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
        // In all other states a guest can be saved.
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

  /** The failure for a guest that another client is saving or migrating. */
  public static FixedRamException underWay(MigrationState state) {
    return cannot("a migration or save is under way (" + state.status() + "); wait for its end");
  }

  /**
   * A migration inactivates the disks at its end. A mirror job that still writes then aborts QEMU
   * by an assertion, in 7.2 at once and in 10.0 after the migration is reported as completed;
   * backup and commit jobs make the migration fail after everything is sent; a stream job continues
   * to write to an inactive disk.
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
      // With --preconfig QEMU has few commands, without this one.
      throw cannot("QEMU has not made its machine yet (" + e.description() + ")");
    }
  }

  private static FixedRamException cannot(String why) {
    return new FixedRamException("this guest cannot be saved: " + why);
  }
}
