// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QmpException;

/**
 * What can be seen before a guest is touched: whether QEMU would send it, and whether it could go
 * on afterwards.
 */
final class OutgoingChecks {
  private final QemuMigration migration;

  OutgoingChecks(QemuMigration migration) {
    this.migration = migration;
  }

  /**
   * Looks at the guest.
   *
   * @return what it does now
   * @throws FixedRamException saying why it cannot be saved
   */
  GuestStatus run() {
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
      throw cannot("a migration or save is under way (" + state.status() + "); wait for its end");
    }
    if (!state.blockedReasons().isEmpty()) {
      throw cannot("QEMU says: " + String.join("; ", state.blockedReasons()));
    }
    return guest;
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
