// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.obstacle.DeviceStateObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.testkit.TestedQemu;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests whose state only a stream can have, which mode auto finds out sooner or later. */
class SaveAutoObstaclesTest extends QemuTest {
  private GuestSave auto(RunningQemu qemu) {
    // More than the usual maximum, since this host may be busy.
    return GuestSave.of(qemu.qmp(), file())
        .maxPasses(MAX_PASSES)
        .maxDowntime(Duration.ofMinutes(1))
        .then(AfterSave.RESUME);
  }

  private void assertStream(SaveReport report, DeviceStateObstacle obstacle) {
    assertThat(report.mode().text()).isEqualTo("stream");
    assertThat(report.notMemory()).contains(obstacle);
    assertThat(report.why()).contains("(not memory: " + obstacle.sentence());
  }

  private boolean triedMemory() {
    return recorder.notes().stream().anyMatch(note -> note.startsWith("save mode memory: "));
  }

  /** A stream can't have it either. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, false", "QEMU_10, false", "QEMU_7, true", "QEMU_10, true"})
  void capabilityThatHasMoreSaved(TestedQemu version, boolean stop) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.switchOn("dirty-bitmaps");
      assertThatThrownBy(() -> save(stop ? auto(qemu).stopFirst() : auto(qemu)))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e ->
                  assertThat(e.obstacle())
                      .isEqualTo(new DeviceStateObstacle.LiveCapability("dirty-bitmaps")));
      assertThat(recorder.hasStarted()).isFalse();
      assertNoFileLeft();
      qemu.assertGoesOn();
    }
  }

  /** Without footers, sections can't be told apart, as is seen when the guest is stopped. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, false", "QEMU_10, false", "QEMU_7, true", "QEMU_10, true"})
  void devicesThatCannotBeToldApart(TestedQemu version, boolean stop) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-global", "migration.send-section-footer=off");
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.awaitGeneration(3);
      SaveReport report = save(stop ? auto(qemu).stopFirst() : auto(qemu));
      assertThat(triedMemory()).isTrue();
      assertThat(report.notMemory())
          .get()
          .isInstanceOfSatisfying(
              DeviceStateObstacle.NotReadable.class,
              obstacle -> {
                assertStream(report, obstacle);
                FixedRamException failure = obstacle.failure();
                assertThat(failure).hasMessageContaining("whose ends can't be told");
              });
      assertThat(recorder.warnings()).isEmpty();
      qemu.assertGoesOn();
    }
  }

  /** Old machine types don't say in which state a guest is. */
  @ParameterizedTest
  @EnumSource
  void stateThatIsNotRecorded(TestedQemu version) throws Exception {
    GuestSpec spec =
        GuestSpec.small().with("-no-shutdown", "-global", "migration.store-global-state=off");
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.observer().execute("system_reset");
      RunningQemu.await("shutdown", () -> qemu.status().equals("shutdown"));
      SaveReport report = save(auto(qemu).then(AfterSave.PAUSE));
      assertThat(triedMemory()).isTrue();
      assertStream(report, new DeviceStateObstacle.StateNotRecorded("shutdown"));
    }
  }
}
