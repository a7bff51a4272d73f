// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.store.SaveInfo;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What mode auto of a save takes: the rows of the table in docs/memory.md. */
class SaveAutoTest extends QemuTest {
  private GuestSave auto(Endpoint qmp) {
    return GuestSave.of(qmp, file()).maxPasses(MAX_PASSES);
  }

  private void assertComesBack(TestedQemu version, String saved) throws Exception {
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      restore(qemu, RestoreMode.STREAM);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @ParameterizedTest
  @EnumSource
  void stoppedForTheSave(TestedQemu version) throws Exception {
    String saved;
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      SaveReport report = save(auto(qemu.qmp()).stopFirst());
      assertThat(report.mode()).isEqualTo(SaveMode.MEMORY);
      assertThat(report.why()).doesNotContain("not ");
      assertThat(qemu.status()).isEqualTo("paused");
      saved = qemu.serial();
    }
    assertComesBack(version, saved);
  }

  @ParameterizedTest
  @EnumSource
  void stoppedBefore(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.observer().execute("stop");
      SaveReport report = save(auto(qemu.qmp()));
      assertThat(report.mode()).isEqualTo(SaveMode.MEMORY);
      assertThat(qemu.status()).isEqualTo("paused");
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, RESUME", "QEMU_7, PAUSE", "QEMU_10, RESUME", "QEMU_10, PAUSE"})
  void running(TestedQemu version, AfterSave then) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      // More than the usual maximum, since this host may be busy.
      SaveReport report = save(auto(qemu.qmp()).then(then).maxDowntime(Duration.ofMinutes(1)));
      assertThat(report.mode()).isEqualTo(SaveMode.MEMORY);
      assertThat(report.predictedDowntimeSeconds()).isPresent();
      assertThat(qemu.status()).isEqualTo(then == AfterSave.RESUME ? "running" : "paused");
    }
  }

  /** No guest can be read in a millisecond, which is known before anything is read. */
  @ParameterizedTest
  @EnumSource
  void maximumDowntimeThatMemoryCannotKeep(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      SaveReport report = save(auto(qemu.qmp()).maxDowntime(Duration.ofMillis(1)));
      assertThat(report.mode()).isEqualTo(SaveMode.STREAM);
      assertThat(report.notMemory()).get().isInstanceOf(MemoryObstacle.LongDowntime.class);
      assertThat(qemu.status()).isEqualTo("postmigrate");
    }
  }

  /** The guest has little content when the mode is chosen, and much when it is read. */
  @ParameterizedTest
  @EnumSource
  void maximumDowntimeThatTurnsOutTooShort(TestedQemu version) throws Exception {
    int pages = 192 << 20 >> 12;
    GuestSpec large =
        GuestSpec.small()
            .withRam(256)
            .running(new MemoryGuest(List.of(new Region(16 << 20, pages)), 0));
    try (RunningQemu qemu = boot(version, large)) {
      recorder.atStart(() -> qemu.awaitGeneration(2));
      Duration limit = Duration.ofMillis(25);
      SaveReport report = save(auto(qemu.qmp()).maxDowntime(limit).then(AfterSave.RESUME));
      assertThat(recorder.notes()).anyMatch(note -> note.startsWith("save mode memory: "));
      assertThat(report.mode()).isEqualTo(SaveMode.STREAM);
      assertThat(report.notMemory())
          .get()
          .isInstanceOfSatisfying(
              MemoryObstacle.LongDowntime.class,
              obstacle -> assertThat(obstacle.limit()).isEqualTo(limit));
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void description(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      SaveReport described = save(auto(qemu.qmp()).stopFirst().described().then(AfterSave.RESUME));
      assertThat(described.mode()).isEqualTo(SaveMode.STREAM);
      assertThat(described.notMemory()).contains(new MemoryObstacle.NoDescription());
      assertThat(described.described()).isTrue();
      assertThat(SaveInfo.of(file()).described()).isTrue();
      assertThatThrownBy(() -> save(auto(qemu.qmp()).mode(SaveMode.MEMORY).described()))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isEqualTo(new MemoryObstacle.NoDescription()))
          .satisfies(Remedied.by(Remedy.USE_STREAM));
      qemu.assertGoesOn();
      assertThat(save(auto(qemu.qmp()).stopFirst()).described()).isFalse();
      assertThat(SaveInfo.of(file()).described()).isFalse();
    }
  }

  /** QEMU's process can't be identified. */
  @ParameterizedTest
  @EnumSource
  void qmpOverTcp(TestedQemu version) throws Exception {
    Endpoint.Tcp qmp = OtherConnectionsTest.freePort();
    GuestSpec spec = GuestSpec.small().with("-qmp", qmp + ",server=on,wait=off");
    String saved;
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.awaitGeneration(3);
      SaveReport report = save(auto(qmp).stopFirst());
      assertThat(report.mode()).isEqualTo(SaveMode.STREAM);
      assertThat(report.why()).contains("(not memory: QEMU's process can't be identified");
      assertThat(report.disksLocked()).isFalse();
      assertThat(qemu.status()).isEqualTo("postmigrate");
      saved = qemu.serial();
    }
    assertComesBack(version, saved);
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, false", "QEMU_7, true", "QEMU_10, false", "QEMU_10, true"})
  void socketThatSomebodyElseMade(TestedQemu version, boolean named) throws Exception {
    Path socket = directory.resolve("handed");
    List<String> command = GuestSpec.small().command(version.binary(), directory, "source");
    try (RunningQemu qemu =
        RunningQemu.start(HandedSocket.command(command, socket), directory, "source")) {
      qemu.awaitGeneration(3);
      GuestSave request = auto(new Endpoint.Unix(socket)).stopFirst().then(AfterSave.RESUME);
      SaveReport report = save(named ? request.process((int) qemu.process().pid()) : request);
      assertThat(report.mode()).isEqualTo(named ? SaveMode.MEMORY : SaveMode.STREAM);
      assertThat(recorder.remedies().contains(Remedy.NAME_PROCESS)).isEqualTo(!named);
      qemu.assertGoesOn();
    }
  }

  /** No guest can be read in a millisecond. */
  @ParameterizedTest
  @EnumSource
  void longestStopThatMemoryCannotKeepTo(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      GuestSave request = auto(qemu.qmp()).mode(SaveMode.MEMORY).maxDowntime(Duration.ofMillis(1));
      assertThatThrownBy(() -> save(request))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("more than the maximum of 0.001 s")
          .satisfies(Remedied.by(Remedy.USE_STREAM));
      assertThat(qemu.status()).isEqualTo("running");
      assertNoFileLeft();
    }
  }

  /** QEMU keeps to it in a stream, as its own limit, and has its own back afterwards. */
  @ParameterizedTest
  @EnumSource
  void longestStopOfAStream(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      String settings = qemu.migrationSettings();
      recorder.atStart(() ->
          assertThat(
                  qemu.observer()
                      .execute("query-migrate-parameters")
                      .get("downtime-limit")
                      .number())
              .isEqualTo(1234));
      save(request(qemu).maxDowntime(Duration.ofMillis(1234)).then(AfterSave.RESUME));
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      qemu.assertGoesOn();
    }
  }
}
