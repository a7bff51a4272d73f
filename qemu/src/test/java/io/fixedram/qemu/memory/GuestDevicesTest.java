// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.migration.Monitor;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.store.PageStore;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Device state without a migration: what state the guest is in, and who is refused. */
class GuestDevicesTest extends MemoryTest {

  /** Saves a guest that stands still, and has it restored. */
  private void assertComesBackAs(
      RunningQemu source, TestedQemu version, GuestSpec spec, String state) throws IOException {
    Path file;
    try (QmpClient qmp = QmpClient.connect(source.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
        PageStore store =
            memory.store(GuestDevices.take(qmp, new QemuMigration(qmp).guest().name()))) {
      file = written(store);
    }
    assertThat(source.status()).isEqualTo(state);
    try (RunningQemu restored = RunningQemu.waiting(version, spec, directory, "restored")) {
      restore(file, restored, RestoreMode.STREAM, true);
      assertThat(restored.status()).isEqualTo(state);
    }
  }

  @ParameterizedTest
  @EnumSource
  void pausedGuest(TestedQemu version) throws Exception {
    try (RunningQemu source = bootAndStop(version, GuestSpec.small())) {
      assertComesBackAs(source, version, GuestSpec.small(), "paused");
      source.observer().execute("cont");
      source.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void guestThatHasNotRunYet(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small().with("-S"))) {
      assertComesBackAs(source, version, GuestSpec.small(), "prelaunch");
    }
  }

  @ParameterizedTest
  @EnumSource
  void guestThatHasShutDown(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-no-shutdown");
    try (RunningQemu source = boot(version, spec)) {
      source.observer().execute("system_reset");
      RunningQemu.await("shutdown", () -> source.status().equals("shutdown"));
      assertComesBackAs(source, version, spec, "shutdown");
    }
  }

  @ParameterizedTest
  @EnumSource
  void guestThatHasPanicked(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-device", "pvpanic", "-action", "panic=pause");
    try (RunningQemu source = boot(version, spec)) {
      Monitor.ask(source.observer(), "o /b 0x505 1");
      RunningQemu.await("panic", () -> source.status().equals("guest-panicked"));
      assertComesBackAs(source, version, spec, "guest-panicked");
    }
  }

  private static void assertRefused(RunningQemu qemu, String... why) {
    String before = qemu.status();
    try (QmpClient qmp = QmpClient.connect(qemu.spareQmp())) {
      assertThatThrownBy(() -> GuestDevices.take(qmp, new QemuMigration(qmp).guest().name()))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContainingAll(why);
    }
    assertThat(qemu.status()).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource
  void runningGuest(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      assertRefused(qemu, "it runs, and must be stopped");
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void waitingQemu(TestedQemu version) throws Exception {
    try (RunningQemu qemu =
        RunningQemu.waiting(version, GuestSpec.small(), directory, "restored")) {
      assertRefused(qemu, "still waits for an incoming migration");
    }
  }

  @ParameterizedTest
  @EnumSource
  void guestThatWasMigrated(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, GuestSpec.small())) {
      assertThat(Files.exists(migrated(qemu))).isTrue();
      assertRefused(qemu, "was saved or migrated before");
    }
  }

  @ParameterizedTest
  @EnumSource
  void deviceThatCannotBeMigrated(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-device", "nvme,serial=x");
    try (RunningQemu qemu = bootAndStop(version, spec)) {
      assertRefused(qemu, "non-migratable device", "nvme");
    }
  }

  @ParameterizedTest
  @EnumSource
  void blockJob(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small();
    for (String disk : List.of("from", "to")) {
      Path file = directory.resolve(disk);
      Files.write(file, new byte[1 << 20]);
      spec = spec.with("-blockdev", "driver=file,node-name=" + disk + ",filename=" + file);
    }
    try (RunningQemu qemu = bootAndStop(version, spec.with("-device", "virtio-blk,drive=from"))) {
      qemu.observer()
          .execute(
              "blockdev-mirror",
              Map.of(
                  "job-id", "copy", "device", "from", "target", "to", "sync", "full", "speed",
                  1 << 16));
      assertRefused(qemu, "block job 'copy' (mirror) is under way", "block-job-cancel");
    }
  }

  @ParameterizedTest
  @EnumSource
  void capabilityThatHasMoreSaved(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, GuestSpec.small())) {
      qemu.switchOn("dirty-bitmaps");
      assertRefused(qemu, "capability 'dirty-bitmaps' is on");
    }
  }

  @ParameterizedTest
  @EnumSource
  void migrationUnderWay(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, GuestSpec.small())) {
      qemu.setParameter("max-bandwidth", 1 << 20);
      qemu.observer().execute("migrate", Map.of("uri", "exec:cat >/dev/null"));
      RunningQemu.await(
          "the migration",
          () ->
              qemu.observer()
                  .execute("query-migrate")
                  .findText("status")
                  .filter("active"::equals)
                  .isPresent());
      assertRefused(qemu, "a migration or save is under way (active)");
    }
  }

  @ParameterizedTest
  @EnumSource
  void sleepingGuest(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      // As the firmware has set the power management up: sleep state 1, enabled.
      Monitor.ask(qemu.observer(), "o /w 0x604 0x2400");
      RunningQemu.await("sleep", () -> qemu.status().equals("suspended"));
      assertRefused(qemu, "it sleeps; wake it first");
    }
  }

  private static GuestSpec withVirtioMemory() {
    return GuestSpec.small()
        .with("-m", "64M,maxmem=1G")
        .with("-object", "memory-backend-ram,id=more,size=128M")
        .with("-device", "virtio-mem-pci,memdev=more,requested-size=64M");
  }

  @ParameterizedTest
  @EnumSource
  void memoryOfAVirtualDevice(TestedQemu version) throws Exception {
    try (RunningQemu qemu = bootAndStop(version, withVirtioMemory())) {
      assertComesBackAs(qemu, version, withVirtioMemory(), "paused");
    }
  }
}
