// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests that take more than a second to read, which are not read here. */
@Tag("qemu")
@Timeout(60)
class LongSaveChoiceTest {
  private static final GuestStatus RUNNING = new GuestStatus("running", true);

  @TempDir Path directory;

  /** All of its memory may have content, since it is a file on a disk. */
  private GuestSpec large() {
    String ram = "memory-backend-file,id=ram,size=24G,share=on,mem-path=";
    return GuestSpec.small()
        .withRam(24 << 10)
        .with("-S", "-object", ram + directory.resolve("ram"))
        .with("-machine", "memory-backend=ram");
  }

  @ParameterizedTest
  @EnumSource
  void guestThatRunsOnIsStoppedForASecondAtMost(TestedQemu version) throws Exception {
    try (RunningQemu qemu = RunningQemu.boot(version, large(), directory);
        QmpClient qmp = QmpClient.connect(qemu.qmp())) {
      SaveRequest request = SaveChoiceTest.request(AfterSave.RESUME, Optional.empty());
      try (SaveChoice choice = SaveChoice.of(request, RUNNING, qmp)) {
        assertThat(choice.mode()).isEqualTo(SaveMode.STREAM);
        assertThat(choice.notMemory())
            .get()
            .isInstanceOfSatisfying(
                MemoryObstacle.LongDowntime.class,
                obstacle -> {
                  assertThat(obstacle.limit()).isEqualTo(Duration.ofSeconds(1));
                  assertThat(obstacle.predicted()).isGreaterThan(obstacle.limit());
                });
      }
      for (AfterSave then : new AfterSave[] {AfterSave.PAUSE, AfterSave.QUIT}) {
        SaveRequest stays = SaveChoiceTest.request(then, Optional.empty());
        try (SaveChoice choice = SaveChoice.of(stays, RUNNING, qmp)) {
          assertThat(choice.mode()).isEqualTo(SaveMode.MEMORY);
        }
      }
    }
  }
}
