// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.SaveObstacle;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Checks before a guest is saved: whether QEMU can migrate it, and whether it can run on
 * afterwards.
 */
public final class OutgoingChecks {
  /** States of a block job that no longer accesses a disk. */
  private static final Set<String> ENDED_JOB = Set.of("aborting", "concluded", "null");

  /** Devices of which QEMU 8.1 and later send some state before the memory. */
  private static final String MEMORY_DEVICE = "virtio-mem";

  /** Their property for that, which machine types before 8.1 switch off. */
  private static final String EARLY = "x-early-migration";

  private final QemuMigration migration;

  /** Prepares checks of a QEMU. */
  public OutgoingChecks(QemuMigration migration) {
    this.migration = migration;
  }

  /**
   * Runs the checks.
   *
   * @return the guest's current status
   * @throws ObstacleException if the guest cannot be saved
   */
  public GuestStatus run() {
    GuestStatus guest = migration.guest();
    switch (guest.name()) {
      case "inmigrate" -> throw cannot(new SaveObstacle.NotRestored());
      case "postmigrate" -> throw cannot(new SaveObstacle.SavedBefore());
      case "suspended" -> throw cannot(new SaveObstacle.Suspended());
      case "save-vm", "restore-vm", "finish-migrate", "colo" ->
          throw cannot(new SaveObstacle.InTransition(guest.name()));
      default -> {
        // In all other states a guest can be saved.
      }
    }
    MigrationState state = state();
    if (state.isUnderWay()) {
      throw underWay(state);
    }
    if (!state.blockedReasons().isEmpty()) {
      throw cannot(new SaveObstacle.Blocked(state.blockedReasons()));
    }
    checkBlockJobs();
    checkMemoryDevices();
    return guest;
  }

  /** The failure for a guest that another client is saving or migrating. */
  public static ObstacleException underWay(MigrationState state) {
    return cannot(new SaveObstacle.MigrationUnderWay(state.status()));
  }

  /**
   * A migration inactivates the disks at its end. A mirror job that still writes then aborts QEMU
   * by an assertion, in 7.2 at once and in 10.0 after the migration is reported as completed;
   * backup and commit jobs make the migration fail after everything is sent; a stream job continues
   * to write to an inactive disk.
   */
  private void checkBlockJobs() {
    // Unknown to a QMP server that is not QEMU, and to a QEMU without a block layer.
    List<Json> jobs =
        migration
            .qmp()
            .executeIfKnown("query-block-jobs", Map.of())
            .map(Json::items)
            .orElse(List.of());
    for (Json job : jobs) {
      if (!ENDED_JOB.contains(job.findText("status").orElse(""))) {
        throw cannot(new SaveObstacle.BlockJob(job.get("device").text(), job.get("type").text()));
      }
    }
  }

  private void checkMemoryDevices() {
    QemuDevice.added(migration.qmp())
        .filter(device -> device.type().startsWith(MEMORY_DEVICE))
        .filter(device -> device.is(migration.qmp(), EARLY))
        .findFirst()
        .ifPresent(device -> {
          throw cannot(new SaveObstacle.StateBeforeMemory(device.name(), device.type()));
        });
  }

  private MigrationState state() {
    try {
      return migration.state();
    } catch (QmpException e) {
      // With --preconfig QEMU has few commands, without this one.
      throw cannot(new SaveObstacle.NoMachine(e.description()));
    }
  }

  private static ObstacleException cannot(SaveObstacle obstacle) {
    return new ObstacleException(obstacle);
  }
}
