// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.memory.FakeQmp;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.obstacle.DeviceStateObstacle;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SaveAutoTest and SaveAutoObstaclesTest have the choices for real guests. */
class SaveChoiceTest {
  static SaveRequest request(AfterSave then, Optional<Duration> maxDowntime) {
    return new SaveRequest(
        new Endpoint.Unix(Path.of("qmp")),
        Path.of("file"),
        OptionalInt.empty(),
        SaveMode.AUTO,
        maxDowntime,
        SaveFormat.MAPPED_RAM,
        false,
        false,
        then,
        WriteOptions.defaults(),
        0,
        OptionalLong.empty(),
        Optional.empty());
  }

  @Test
  void maximumIsThatOfTheCallerOrOneSecondForGuestsThatRunOn() {
    assertThat(SaveChoice.maxDowntime(request(AfterSave.RESUME, Optional.empty())))
        .contains(Duration.ofSeconds(1));
    assertThat(SaveChoice.maxDowntime(request(AfterSave.PAUSE, Optional.empty()))).isEmpty();
    assertThat(SaveChoice.maxDowntime(request(AfterSave.QUIT, Optional.empty()))).isEmpty();
    Optional<Duration> own = Optional.of(Duration.ofMillis(20));
    for (AfterSave then : AfterSave.values()) {
      assertThat(SaveChoice.maxDowntime(request(then, own))).isEqualTo(own);
    }
  }

  /** QEMU before 6.0 does not tell which devices can't be saved. */
  @Test
  void oldQemu(@TempDir Path directory) throws IOException {
    try (FakeQmp fake = FakeQmp.listen(directory.resolve("qmp"), 5);
        QmpClient qmp = QmpClient.connect(fake.endpoint())) {
      GuestStatus paused = new GuestStatus("paused", false);
      SaveRequest request = request(AfterSave.PAUSE, Optional.empty());
      try (SaveChoice choice = SaveChoice.of(request, paused, qmp)) {
        assertThat(choice.mode()).isEqualTo(SaveMode.STREAM);
        assertThat(choice.notMemory())
            .contains(new DeviceStateObstacle.QemuTooOld(new QemuVersion(5, 0, 0)));
      }
    }
  }

  /** A save by stream switches it off meanwhile. */
  @Test
  void capabilityThatAStreamDoesWithout(@TempDir Path directory) throws IOException {
    try (FakeQmp fake = FakeQmp.listen(directory.resolve("qmp"), 8);
        QmpClient qmp = QmpClient.connect(fake.endpoint())) {
      fake.answer("query-migrate-capabilities", "[{'capability': 'x-colo', 'state': true}]");
      GuestStatus paused = new GuestStatus("paused", false);
      SaveRequest request = request(AfterSave.PAUSE, Optional.empty());
      try (SaveChoice choice = SaveChoice.of(request, paused, qmp)) {
        assertThat(choice.mode()).isEqualTo(SaveMode.STREAM);
        assertThat(choice.notMemory()).contains(new DeviceStateObstacle.LiveCapability("x-colo"));
      }
    }
  }
}
