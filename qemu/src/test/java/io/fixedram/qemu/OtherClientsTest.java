// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Saves of a guest that other clients of its QEMU use at the same time. */
class OtherClientsTest extends QemuTest {
  private static final int PAIRS = 12;

  /** How the saves of a pair ended: the failure, or nothing. */
  private List<Optional<FixedRamException>> saveTwice(RunningQemu qemu, boolean stopFirst)
      throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      List<Future<Optional<FixedRamException>>> ends =
          Stream.of(qemu.qmp(), qemu.spareQmp())
              .map(qmp -> both.submit(save(qemu, qmp, stopFirst, start)))
              .toList();
      return List.of(ends.getFirst().get(), ends.getLast().get());
    }
  }

  private Callable<Optional<FixedRamException>> save(
      RunningQemu qemu, Endpoint qmp, boolean stopFirst, CyclicBarrier start) {
    GuestSave live = request(qmp, qmp.equals(qemu.qmp()) ? file() : directory.resolve("other"));
    GuestSave mine = stopFirst ? live.stopFirst() : live;
    return () -> {
      start.await();
      try {
        mine.run();
        return Optional.empty();
      } catch (FixedRamException e) {
        return Optional.of(e);
      }
    };
  }

  /** One of two saves wins, and the other leaves it alone. */
  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  false, events",
    "QEMU_7,  true,  xbzrle",
    "QEMU_10, false, xbzrle",
    "QEMU_10, true,  events"
  })
  void oneOfTwoSavesWins(TestedQemu version, boolean stopFirst, String capability)
      throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.switchOn(capability);
      String settings = qemu.migrationSettings();
      for (int pair = 0; pair < PAIRS; pair++) {
        List<Optional<FixedRamException>> ends = saveTwice(qemu, stopFirst);
        assertThat(ends).filteredOn(Optional::isEmpty).as("pair %d: %s", pair, ends).hasSize(1);
        boolean first = ends.getFirst().isEmpty();
        assertThat(Files.exists(file())).isEqualTo(first);
        assertThat(Files.exists(directory.resolve("other"))).isEqualTo(!first);
        assertThat(qemu.migrationSettings()).isEqualTo(settings);
        assertThat(qemu.status()).isEqualTo("postmigrate");
        Files.delete(first ? file() : directory.resolve("other"));
        qemu.observer().execute("cont");
      }
      qemu.assertGoesOn();
    }
  }

  /** It is neither cancelled, nor slowed down, nor is the guest let run under it. */
  @ParameterizedTest
  @EnumSource
  void aMigrationThatBeganJustBeforeIsLeftAlone(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.setParameter("max-bandwidth", 1 << 20);
      QemuMigration observer = new QemuMigration(qemu.observer());
      qemu.observer().execute("migrate", Map.of("uri", "exec:cat > /dev/null"));
      OutgoingMigration second = new OutgoingMigration(observer);
      assertThatThrownBy(() -> second.begin("exec:cat > /dev/null"))
          .isInstanceOf(FixedRamException.class);
      second.cancel(Duration.ofSeconds(10));
      second.cancelAndWait(Duration.ofSeconds(10));
      assertThat(observer.state().isUnderWay()).isTrue();
      qemu.setParameter("max-bandwidth", 0);
      RunningQemu.await("the migration's end", () -> !observer.state().isUnderWay());
      assertThat(observer.state().status()).isEqualTo("completed");
    }
  }

  /** Who stopped it may have had a reason. */
  @ParameterizedTest
  @EnumSource
  void aGuestThatAnotherHasStoppedIsNotLetRun(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      recorder.atStart(() -> {
        qemu.slowDown();
        RunningQemu.await(
            "pages", () -> new QemuMigration(qemu.observer()).state().remainingBytes() > 0);
        qemu.observer().execute("stop");
      });
      save(request(qemu).maxPasses(0).then(AfterSave.RESUME));
      assertThat(qemu.status()).isEqualTo("postmigrate");
      assertThat(recorder.warnings()).anyMatch(warning -> warning.contains("another client"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSettingThatAnotherHasChangedStays(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      recorder.atStart(() -> qemu.setParameter("max-bandwidth", 777 << 20));
      save(request(qemu).stopFirst());
      assertThat(qemu.observer().execute("query-migrate-parameters").get("max-bandwidth").number())
          .isEqualTo(777 << 20);
    }
  }

  /** Over one that writes QEMU aborts: 7.2 at the end of the migration, 10 some time after it. */
  @ParameterizedTest
  @EnumSource
  void aGuestWithABlockJobIsRefused(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small();
    for (String disk : List.of("from", "to")) {
      spec = spec.with("-blockdev", "driver=file,node-name=" + disk + ",filename=" + disk(disk));
    }
    try (RunningQemu qemu = boot(version, spec.with("-device", "virtio-blk,drive=from"))) {
      qemu.awaitGeneration(3);
      qemu.observer()
          .execute(
              "blockdev-mirror",
              Map.of(
                  "job-id", "copy", "device", "from", "target", "to", "sync", "full", "speed",
                  1 << 20));
      assertThatThrownBy(() -> save(request(qemu)))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("block job 'copy' (mirror) is under way")
          .hasMessageContaining("block-job-cancel");
      assertNoFileLeft();
      qemu.assertGoesOn();
      qemu.observer().execute("block-job-cancel", Map.of("device", "copy", "force", true));
      RunningQemu.await(
          "the job's end", () -> qemu.observer().execute("query-block-jobs").items().isEmpty());
      save(request(qemu));
    }
  }

  private Path disk(String name) throws IOException {
    return Files.write(directory.resolve(name), new byte[32 << 20]);
  }
}
