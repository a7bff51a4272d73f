// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.qemu.obstacle.DeviceStateObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.SaveObstacle;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests that no QEMU of the tests can have. */
@Timeout(60)
class SaveObstaclesTest {
  private final Path socket;

  SaveObstaclesTest(@TempDir Path directory) {
    socket = directory.resolve("sock");
  }

  private static String check(FakeQmp fake) {
    try (QmpClient qmp = QmpClient.connect(fake.endpoint())) {
      return new SaveObstacles(qmp).check();
    }
  }

  private static void assertRefused(FakeQmp fake, Obstacle obstacle) {
    assertThatThrownBy(() -> check(fake))
        .isInstanceOfSatisfying(
            ObstacleException.class, e -> assertThat(e.obstacle()).isEqualTo(obstacle));
  }

  @Test
  void guestWithoutAny() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 6)) {
      assertThat(check(fake)).isEqualTo("paused");
    }
  }

  /** It does not tell what keeps it from migrating. */
  @Test
  void oldQemu() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 5)) {
      assertRefused(fake, new DeviceStateObstacle.QemuTooOld(new QemuVersion(5, 0, 0)));
    }
  }

  @Test
  void deviceWithLiveState() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 8)) {
      fake.answer("qom-list", "[{'name': 'gpu', 'type': 'child<vfio-pci>'}]");
      assertRefused(fake, new DeviceStateObstacle.LiveDevice("gpu", "vfio-pci"));
    }
  }

  @Test
  void jobOfAnotherKind() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 9)) {
      fake.answer("query-jobs", "[{'id': 'snap', 'type': 'snapshot-save', 'status': 'running'}]");
      assertRefused(fake, new DeviceStateObstacle.JobUnderWay("snap", "snapshot-save"));
    }
  }

  @Test
  void jobThatHasEnded() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 9)) {
      fake.answer("query-jobs", "[{'id': 'new', 'type': 'create', 'status': 'concluded'}]");
      assertThat(check(fake)).isEqualTo("paused");
    }
  }

  @Test
  void confidentialGuest() throws IOException {
    try (FakeQmp fake = FakeQmp.listen(socket, 9)) {
      fake.answer("query-migrate", "{'blocked-reasons': ['SEV: Migration is not implemented']}");
      assertRefused(fake, new SaveObstacle.Blocked(List.of("SEV: Migration is not implemented")));
    }
  }
}
