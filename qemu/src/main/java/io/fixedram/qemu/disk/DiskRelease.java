// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.transfer.TransferListener;
import java.util.List;
import java.util.Map;

/**
 * Releases the disks of a guest that was saved without a migration and stays stopped: QEMU writes
 * everything that belongs to the images, so that their files no longer change, and other QEMUs may
 * use them. At the end of a migration QEMU does this itself.
 */
public final class DiskRelease {
  private final QemuMigration migration;
  private final TransferListener listener;

  /** Prepares to release the disks of a QEMU. */
  public DiskRelease(QemuMigration migration, TransferListener listener) {
    this.migration = migration;
    this.listener = listener;
  }

  /**
   * Makes QEMU release the disks if the guest is stopped and this is safe.
   *
   * @param ends whether QEMU is to be ended, or the guest to be resumed if it is not
   * @return whether QEMU keeps disks that it may write to
   */
  public boolean run(boolean ends) {
    try {
      if (!hasWritableDisks()) {
        return false;
      }
      if (!tellsWhetherActive()) {
        if (ends && !migration.guest().running()) {
          // Older versions abort if they have to release disks twice, which does not happen here.
          GuestDevices.giveUpDisks(migration.qmp());
          return false;
        }
        listener.note(
            migration.qmp().version()
                + " keeps the guest's disks, since releasing them is not safe in this version; another"
                + " QEMU can't use them until it ends");
        return true;
      }
      GuestStatus now = migration.guest();
      if (!now.running()) {
        GuestDevices.giveUpDisks(migration.qmp());
      }
      return isAnyActive();
    } catch (FixedRamException e) {
      listener.warning(
          "QEMU did not release the guest's disks ("
              + e.sentence()
              + "): another QEMU can't use them until it ends");
      return true;
    }
  }

  /** Makes QEMU take the disks of a guest back that stays stopped; others get theirs by running. */
  public void takeBack() {
    // Known from 10.0 on, as are released disks of a guest that stays stopped.
    var _ = migration.qmp().executeIfKnown("blockdev-set-active", Map.of("active", true));
  }

  private boolean hasWritableDisks() {
    return migration.qmp().execute("query-block").items().stream()
        .flatMap(device -> device.find("inserted").stream())
        .anyMatch(medium -> !medium.get("ro").flag());
  }

  /** Whether QEMU reports active nodes, as 10.0 and later do. */
  private boolean tellsWhetherActive() {
    return nodes().stream().anyMatch(node -> node.find("active").isPresent());
  }

  private boolean isAnyActive() {
    return nodes().stream()
        .anyMatch(
            node -> !node.get("ro").flag() && node.find("active").filter(Json::flag).isPresent());
  }

  private List<Json> nodes() {
    return migration.qmp().execute("query-named-block-nodes").items();
  }
}
