// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.transfer.TransferListener;
import java.util.List;

/**
 * Releases the disks of a guest that was saved without a migration and stays stopped, so that the
 * guest can be restored while this QEMU exists. At the end of a migration QEMU does this itself.
 */
final class DiskRelease {
  private final QemuMigration migration;
  private final TransferListener listener;

  DiskRelease(QemuMigration migration, TransferListener listener) {
    this.migration = migration;
    this.listener = listener;
  }

  /**
   * Makes QEMU release the disks if the guest is stopped and this is safe.
   *
   * @return whether QEMU keeps disks that it may write to
   */
  boolean run() {
    try {
      if (!hasWritableDisks()) {
        return false;
      }
      if (!tellsWhetherActive()) {
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

  private boolean hasWritableDisks() {
    return migration.qmp().execute("query-block").items().stream()
        .flatMap(device -> device.find("inserted").stream())
        .anyMatch(medium -> !medium.get("ro").flag());
  }

  /**
   * Whether QEMU reports active nodes, as 10.0 and later do. Older versions abort if they have to
   * release disks twice.
   */
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
