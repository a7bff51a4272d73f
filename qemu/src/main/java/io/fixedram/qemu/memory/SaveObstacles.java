// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.OutgoingChecks;
import io.fixedram.qemu.migration.QemuDevice;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.DeviceStateObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Checks for obstacles to a migration that the command for the device state does not check: a guest
 * with one of these must not be saved by that command.
 */
final class SaveObstacles {
  private static final Set<String> ENDED_JOB = Set.of("aborting", "concluded", "null");

  /** Capabilities with which a migration has additional sections while the guest runs. */
  private static final Set<String> LIVE_STATE = Set.of("block", "dirty-bitmaps", "x-colo");

  /** Devices that send their state in parts, while the guest runs. */
  private static final String VFIO = "vfio-";

  private final QmpClient qmp;

  SaveObstacles(QmpClient qmp) {
    this.qmp = qmp;
  }

  /**
   * Checks a guest.
   *
   * @return the guest's state, in which it is stopped
   * @throws ObstacleException if there is an obstacle or the guest runs
   */
  String check() {
    GuestStatus status = status();
    if (status.running()) {
      throw cannot(new DeviceStateObstacle.Running());
    }
    return status.name();
  }

  /**
   * Checks a guest that may still run.
   *
   * @return the guest's status
   */
  GuestStatus status() {
    GuestStatus status = new OutgoingChecks(new QemuMigration(qmp)).run();
    if (!qmp.version().isAtLeast(6, 0)) {
      throw cannot(new DeviceStateObstacle.QemuTooOld(qmp.version()));
    }
    checkCapabilities();
    checkJobs();
    checkLiveDevices();
    return status;
  }

  private void checkCapabilities() {
    for (Json each : qmp.execute("query-migrate-capabilities").items()) {
      String capability = each.get("capability").text();
      if (each.get("state").flag() && LIVE_STATE.contains(capability)) {
        throw cannot(new DeviceStateObstacle.LiveCapability(capability));
      }
    }
  }

  private void checkJobs() {
    List<Json> jobs = qmp.executeIfKnown("query-jobs", Map.of()).map(Json::items).orElse(List.of());
    for (Json job : jobs) {
      if (!ENDED_JOB.contains(job.get("status").text())) {
        throw cannot(
            new DeviceStateObstacle.JobUnderWay(job.get("id").text(), job.get("type").text()));
      }
    }
  }

  private void checkLiveDevices() {
    QemuDevice.all(qmp)
        .filter(device -> device.type().startsWith(VFIO))
        .findFirst()
        .ifPresent(device -> {
          throw cannot(new DeviceStateObstacle.LiveDevice(device.name(), device.type()));
        });
  }

  private static ObstacleException cannot(DeviceStateObstacle obstacle) {
    return new ObstacleException(obstacle);
  }
}
