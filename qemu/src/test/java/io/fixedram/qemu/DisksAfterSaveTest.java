// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.restore.CheckReport;
import io.fixedram.qemu.restore.RestoreCheck;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The disks of a guest that was saved in place and stays paused, beside which it is restored. */
class DisksAfterSaveTest extends QemuTest {
  private Path disk() {
    return directory.resolve("disk.qcow2");
  }

  private void makeDisk(TestedQemu version, String kind) throws Exception {
    Path base = directory.resolve("base.qcow2");
    switch (kind) {
      case "lazy_refcounts" ->
          Qcow2.create(version, directory, disk(), Map.of("lazy-refcounts", true));
      case "backing chain" -> {
        Qcow2.create(version, directory, base, Map.of());
        Qcow2.create(
            version,
            directory,
            disk(),
            Map.of("backing-file", base.toString(), "backing-fmt", "qcow2"));
      }
      default -> Qcow2.create(version, directory, disk(), Map.of());
    }
  }

  private GuestSpec spec() {
    return GuestSpec.small()
        .with("-drive", "if=none,id=d,format=qcow2,file=" + disk())
        .with("-device", "virtio-blk-pci,drive=d");
  }

  /** What it says of a disk goes to QEMU's standard output. */
  private static void onDisk(RunningQemu qemu, String command) {
    qemu.observer()
        .execute("human-monitor-command", Map.of("command-line", "qemu-io d \"" + command + "\""));
  }

  private SaveReport saveAndStayPaused(RunningQemu qemu) {
    GuestSave request = GuestSave.of(qemu.qmp(), file()).mode(SaveMode.MEMORY).stopFirst();
    SaveReport report = save(request);
    assertThat(qemu.status()).isEqualTo("paused");
    return report;
  }

  private static long dirtyBytes(RunningQemu qemu) {
    return qemu.observer().execute("query-named-block-nodes").items().stream()
        .flatMap(node -> node.find("dirty-bitmaps").stream())
        .flatMap(list -> list.items().stream())
        .mapToLong(bitmap -> bitmap.get("count").number())
        .sum();
  }

  @ParameterizedTest
  @CsvSource({"plain", "lazy_refcounts", "persistent bitmap", "backing chain"})
  void restoredBesideIt(String kind) throws Exception {
    TestedQemu version = TestedQemu.QEMU_10;
    makeDisk(version, kind);
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(3);
      if (kind.equals("persistent bitmap")) {
        addBitmap(source);
      }
      onDisk(source, "write -P 1 0 1M");
      long dirty = dirtyBytes(source);
      assertThat(saveAndStayPaused(source).disksLocked()).isFalse();
      String saved = source.serial();
      try (RunningQemu copy = waiting(version, spec())) {
        restore(copy, RestoreMode.MEMORY);
        RunningQemu.assertGoesOn(saved, directory, "restored");
        onDisk(copy, "read -P 1 0 1M");
        assertThat(copy.output()).doesNotContain("failed");
        assertThat(dirtyBytes(copy)).isEqualTo(dirty);
        // One that is killed leaves its bitmaps unusable.
        var _ = copy.observer().send("quit");
        copy.process().waitFor();
      }
      source.observer().execute("cont");
      source.assertGoesOn();
      onDisk(source, "read -P 1 0 1M");
      onDisk(source, "write -P 2 1M 1M");
      assertThat(source.output()).doesNotContain("failed");
      assertThat(dirtyBytes(source)).isEqualTo(dirty == 0 ? 0 : 2 * dirty);
      // Once more, by either way.
      assertThat(saveAndStayPaused(source).disksLocked()).isFalse();
      assertThat(saveAndStayPaused(source).disksLocked()).isFalse();
      save(request(source).mode(SaveMode.STREAM));
      assertThat(source.status()).isEqualTo("postmigrate");
    }
  }

  /** What QEMU writes to an image when it gives it up is there before the facts are taken. */
  @ParameterizedTest
  @CsvSource({
    "QEMU_7, lazy_refcounts",
    "QEMU_7, persistent bitmap",
    "QEMU_10, lazy_refcounts",
    "QEMU_10, persistent bitmap"
  })
  void factsOfAnEndedGuestAreFinal(TestedQemu version, String kind) throws Exception {
    makeDisk(version, kind);
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(2);
      if (kind.equals("persistent bitmap")) {
        addBitmap(source);
      }
      onDisk(source, "write -P 1 0 1M");
      GuestSave request = GuestSave.of(source.qmp(), file()).mode(SaveMode.MEMORY);
      // One that fails after the disks were given up: the guest takes them back.
      recorder.atStart(() -> makeDirectory(file()));
      assertThatThrownBy(() -> save(request.stopFirst().then(AfterSave.QUIT)))
          .isInstanceOf(StorageException.class);
      recorder.atStart(() -> {});
      Files.delete(file());
      source.assertGoesOn();
      onDisk(source, "write -P 2 0 1M");
      assertThat(source.output()).doesNotContain("failed");
      save(request.then(AfterSave.QUIT));
      source.process().waitFor();
    }
    CheckReport report =
        RestoreCheck.of(
                () -> Saves.open(file()), spec().command(version.binary(), directory, "again"))
            .starter(QemuStarter.logging(directory.resolve("check.log")))
            .run(recorder, new Cancellation());
    assertThat(report.disks())
        .filteredOn(state -> state.disk().drive().equals("d"))
        .hasOnlyElementsOfType(DiskState.Same.class)
        .hasSize(1);
  }

  private static void makeDirectory(Path path) {
    try {
      Files.createDirectory(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void addBitmap(RunningQemu qemu) {
    qemu.observer()
        .execute(
            "block-dirty-bitmap-add", Map.of("node", "d", "name", "changes", "persistent", true));
  }

  @ParameterizedTest
  @EnumSource(names = {"MEMORY", "STREAM", "LAZY"})
  void olderQemuKeepsThem(RestoreMode mode) throws Exception {
    assertLocked(TestedQemu.QEMU_7, mode);
  }

  private void assertLocked(TestedQemu version, RestoreMode mode) throws Exception {
    makeDisk(version, "plain");
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(3);
      assertThat(saveAndStayPaused(source).disksLocked()).isTrue();
      assertNamesTheLock(version, mode);
      source.observer().execute("cont");
      source.assertGoesOn();
    }
  }

  private void assertNamesTheLock(TestedQemu version, RestoreMode mode) throws Exception {
    try (RunningQemu copy = waiting(version, spec())) {
      assertThatThrownBy(() -> restore(copy, mode))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("a disk of this guest is in use by another QEMU")
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isInstanceOf(LoadObstacle.DiskLocked.class))
          .hasMessageContaining("QMP 'quit'");
    }
  }

  /** By a QEMU whose guest runs on. */
  @ParameterizedTest
  @EnumSource(names = {"MEMORY", "STREAM", "LAZY", "NATIVE"})
  void diskInUse(RestoreMode mode) throws Exception {
    TestedQemu version = TestedQemu.QEMU_10;
    makeDisk(version, "plain");
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(3);
      save(
          GuestSave.of(source.qmp(), file())
              .mode(SaveMode.MEMORY)
              .stopFirst()
              .then(AfterSave.RESUME));
      assertNamesTheLock(version, mode);
      source.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void guestWithoutDisks(TestedQemu version) throws Exception {
    List<String> command =
        List.of(version.binary().toString(), "-nodefaults", "-display", "none", "-m", "16", "-S");
    try (RunningQemu qemu = RunningQemu.start(command, directory, "source")) {
      SaveReport report = save(GuestSave.of(qemu.qmp(), file()).mode(SaveMode.MEMORY));
      assertThat(report.disksLocked()).isFalse();
    }
  }
}
