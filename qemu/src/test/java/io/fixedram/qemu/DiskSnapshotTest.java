// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.manifest.DiskFacts.Disk;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.obstacle.DiskObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Saves with a snapshot of the disks, and restores of them with new overlays. */
class DiskSnapshotTest extends QemuTest {
  private static final int BYTES = 16 << 20;

  private Path clones() throws IOException {
    return Files.createDirectories(directory.resolve("clones"));
  }

  private Path image(String name) {
    return directory.resolve(name);
  }

  /** A disk by -drive, one by -blockdev as JSON and one in two nodes. */
  private GuestSpec spec() {
    return GuestSpec.small()
        .with("-drive", "if=none,id=a,cache=none,format=qcow2,file=" + image("a.qcow2"))
        .with("-device", "virtio-blk-pci,id=da,drive=a")
        .with(
            "-blockdev",
            "{\"driver\":\"raw\",\"node-name\":\"b\",\"file\":{\"driver\":\"file\",\"filename\":\""
                + image("b.raw")
                + "\"}}")
        .with("-device", "virtio-blk-pci,id=db,drive=b")
        .with("-blockdev", "driver=file,node-name=cf,filename=" + image("c.raw"))
        .with("-blockdev", "driver=raw,node-name=c,file=cf")
        .with("-device", "virtio-blk-pci,id=dc,drive=c");
  }

  private void makeImages(TestedQemu version) throws Exception {
    Qcow2.create(version, directory, image("a.qcow2"), Map.of());
    Files.write(image("b.raw"), new byte[BYTES]);
    Files.write(image("c.raw"), new byte[BYTES]);
  }

  private static String io(QmpClient qmp, String disk, String command) {
    String device = "/machine/peripheral/" + disk + "/virtio-backend";
    return qmp.execute(
            "human-monitor-command",
            Map.of("command-line", "qemu-io -d " + device + " \"" + command + "\""))
        .text();
  }

  private static void onAll(QmpClient qmp, String command) {
    for (String disk : List.of("da", "db", "dc")) {
      assertThat(io(qmp, disk, command)).as(disk).doesNotContain("rror");
    }
  }

  private RestoredGuest again(TestedQemu version, GuestSpec spec, String name, RestoreMode mode)
      throws IOException {
    return restore(
        GuestRestore.of(file(), spec.command(version.binary(), directory, name))
            .mode(mode)
            .newOverlays(clones())
            .starter(QemuStarter.logging(directory.resolve(name + ".log"))));
  }

  private String log(String name) throws IOException {
    return Files.readString(directory.resolve(name + ".log"));
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7, MEMORY, false",
    "QEMU_7, STREAM, false",
    "QEMU_10, MEMORY, true",
    "QEMU_10, STREAM, true"
  })
  void restoredAnyNumberOfTimes(TestedQemu version, SaveMode mode, boolean stop) throws Exception {
    makeImages(version);
    // It boots from its flash.
    Path flash = firmware(version, image("flash"));
    GuestSpec spec = spec().with("-drive", "if=pflash,format=raw,file=" + flash);
    try (RunningQemu source = boot(version, spec)) {
      source.awaitGeneration(2);
      onAll(source.observer(), "write -P 1 0 1M");
      String settings = source.migrationSettings();
      GuestSave request =
          request(source).mode(mode).then(AfterSave.RESUME).diskSnapshot(Optional.empty());
      SaveReport report = save(stop ? request.stopFirst() : request);
      assertThat(report.overlays()).extracting(DiskOverlay::image).hasSize(4);
      assertThat(recorder.warnings()).isEmpty();
      onAll(source.observer(), "write -P 2 0 1M");
      source.assertGoesOn();
      assertManifest(report);
      restoreTwice(version, spec, "first");
      onAll(source.observer(), "read -P 2 0 1M");
      // Once more: the images are those under the second overlays now, the command is the same.
      SaveReport second = save(request);
      assertThat(second.overlays())
          .extracting(each -> Path.of(each.overlay()).getFileName().toString())
          .containsExactlyInAnyOrder("a.2.qcow2", "b.2.qcow2", "c.2.qcow2", "flash.2.qcow2");
      onAll(source.observer(), "write -P 3 0 1M");
      try (RestoredGuest guest = again(version, spec, "again", RestoreMode.MEMORY)) {
        onAll(guest.qmp(), "read -P 2 0 1M");
        assertThat(guest.awaitResident().disks())
            .filteredOn(each -> !each.disk().temporary())
            .hasOnlyElementsOfType(DiskState.Same.class);
        end(guest);
      }
      assertThat(log("again")).doesNotContain("erification failed");
      assertThat(source.output()).doesNotContain("erification failed");
      assertThat(source.migrationSettings()).isEqualTo(settings);
    }
  }

  private void assertManifest(SaveReport report) {
    try (PageStore save = Saves.open(file())) {
      Manifest manifest = Manifest.ofJson(save.manifest().orElseThrow());
      List<Disk> disks =
          manifest.guest().disks().list().stream().filter(each -> !each.temporary()).toList();
      assertThat(disks)
          .extracting(Disk::file)
          .containsExactlyInAnyOrder(
              image("a.qcow2").toString(),
              image("b.raw").toString(),
              image("c.raw").toString(),
              image("flash").toString());
      assertThat(disks)
          .extracting(each -> each.overlay().orElseThrow())
          .containsExactlyInAnyOrderElementsOf(
              report.overlays().stream().map(DiskOverlay::overlay).toList());
    }
  }

  /** Two guests at once, which don't see what the other one and the saved guest write. */
  private void restoreTwice(TestedQemu version, GuestSpec spec, String name) throws Exception {
    List<Path> made = new ArrayList<>();
    try (RestoredGuest one = again(version, spec, name + "1", RestoreMode.STREAM);
        RestoredGuest other = again(version, spec, name + "2", RestoreMode.MEMORY)) {
      onAll(one.qmp(), "read -P 1 0 1M");
      onAll(one.qmp(), "write -P 7 0 1M");
      onAll(other.qmp(), "read -P 1 0 1M");
      for (RestoredGuest guest : List.of(one, other)) {
        assertThat(guest.awaitResident().disks())
            .filteredOn(each -> !each.disk().temporary())
            .hasSize(4)
            .hasOnlyElementsOfType(DiskState.Same.class);
        guest.awaitResident().overlays().forEach(each -> made.add(Path.of(each.overlay())));
      }
      end(one);
      end(other);
    }
    assertThat(made).hasSize(8).doesNotHaveDuplicates().allMatch(Files::exists);
    for (String each : List.of("1", "2")) {
      assertThat(log(name + each)).doesNotContain("erification failed");
    }
    assertThat(recorder.warnings()).isEmpty();
  }

  private static void end(RestoredGuest guest) {
    guest.terminate();
    guest.waitForExit();
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7", "QEMU_10"})
  void failures(TestedQemu version) throws Exception {
    makeImages(version);
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(2);
      GuestSave request = request(source).mode(SaveMode.MEMORY).then(AfterSave.RESUME);
      assertThatThrownBy(() -> save(request.diskSnapshot(Optional.of(image("nowhere")))))
          .hasMessageContaining("nowhere/a.1.qcow2")
          .hasMessageContaining("no such directory");
      assertThat(image("a.1.qcow2")).doesNotExist();
      assertThat(image("b.1.qcow2")).doesNotExist();

      SaveReport plain = save(request);
      assertThat(plain.overlays()).isEmpty();
      assertThat(recorder.warnings())
          .anyMatch(each -> each.contains("writes to its disks") && each.contains("b.raw"));
      assertThat(recorder.remedies()).contains(Remedy.SNAPSHOT_DISKS);

      // The same command has disks that the saved guest does not know.
      GuestSpec more = spec().with("-drive", "if=ide,format=raw,file=" + image("b.raw.copy"));
      assertThatThrownBy(() -> again(version, more, "more", RestoreMode.STREAM))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isInstanceOf(DiskObstacle.NotOfTheSave.class));
      // QEMU does not start, so that no guest has written to the overlays.
      assertThatThrownBy(
              () -> again(version, spec().with("-no-such-option"), "bad", RestoreMode.STREAM))
          .isInstanceOf(RuntimeException.class);
      assertThat(clones()).isEmptyDirectory();
      source.assertGoesOn();
    }
  }

  /** An overlay is gone when it is to be put on its disk, so that none is. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, MEMORY", "QEMU_7, STREAM", "QEMU_10, MEMORY", "QEMU_10, STREAM"})
  void refusedSnapshotChangesNothing(TestedQemu version, SaveMode mode) throws Exception {
    makeImages(version);
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(2);
      String settings = source.migrationSettings();
      GuestSave request =
          request(source).mode(mode).then(AfterSave.RESUME).diskSnapshot(Optional.empty());
      recorder.atStart(() -> removeLastOverlay(source.observer()));
      assertThatThrownBy(() -> save(request))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isInstanceOf(DiskObstacle.SnapshotRefused.class));
      assertThat(recorder.warnings()).isEmpty();
      assertThat(overlayNodes(source.observer())).isEmpty();
      assertThat(image("a.1.qcow2")).doesNotExist();
      assertThat(source.migrationSettings()).isEqualTo(settings);
      assertNoFileLeft();
      onAll(source.observer(), "write -P 1 0 1M");
      source.assertGoesOn();
    }
  }

  private static List<String> overlayNodes(QmpClient qmp) {
    return qmp.execute("query-named-block-nodes").items().stream()
        .map(each -> each.get("node-name").text())
        .filter(each -> each.startsWith("fixedram-"))
        .toList();
  }

  private static void removeLastOverlay(QmpClient qmp) {
    qmp.execute("blockdev-del", Map.of("node-name", overlayNodes(qmp).getLast()));
  }

  /** What the guest wrote since comes back into the image by what the warning says. */
  @ParameterizedTest
  @CsvSource({"QEMU_7", "QEMU_10"})
  void saveThatFailsAfterTheSnapshotTellsTheWayBack(TestedQemu version) throws Exception {
    makeImages(version);
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(2);
      onAll(source.observer(), "write -P 1 0 1M");
      GuestSave failing =
          request(source)
              .mode(SaveMode.MEMORY)
              .stopFirst()
              .then(AfterSave.RESUME)
              .diskSnapshot(Optional.empty())
              .listener(new Spoiler());
      assertThatThrownBy(failing::run).isInstanceOf(StorageException.class);
      Files.delete(file());
      List<String> ways =
          recorder.warnings().stream().filter(each -> each.contains("block-commit")).toList();
      assertThat(ways).hasSize(3);
      source.assertGoesOn();
      onAll(source.observer(), "write -P 2 0 1M");
      for (String way : ways) {
        commit(source.observer(), way);
      }
      onAll(source.observer(), "read -P 2 0 1M");
      assertThat(source.output()).doesNotContain("erification failed");
      assertThat(Files.readAllBytes(image("b.raw"))[0]).isEqualTo((byte) 2);
      assertThat(source.observer().execute("query-block").toString()).contains("b.raw");
    }
  }

  /** A directory that appears while the guest is stopped, so that the save can't get its name. */
  private final class Spoiler implements TransferListener {
    @Override
    public void started(TransferView view) {
      try {
        Files.createDirectory(file());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void warning(Reason reason) {
      recorder.warning(reason);
    }
  }

  private static void commit(QmpClient qmp, String way) {
    Json command =
        Json.parse(way.substring(way.indexOf('{'), way.indexOf(", and 'block-job-complete'")));
    Map<String, Object> arguments = new HashMap<>();
    command.get("arguments").members().forEach((name, value) -> arguments.put(name, value.raw()));
    qmp.execute(command.get("execute").text(), arguments);
    RunningQemu.await(
        "the job", () -> job(qmp).filter(each -> each.get("ready").flag()).isPresent());
    qmp.execute("block-job-complete", Map.of("device", arguments.get("job-id")));
    RunningQemu.await("the job's end", () -> job(qmp).isEmpty());
  }

  private static Optional<Json> job(QmpClient qmp) {
    return qmp.execute("query-block-jobs").items().stream().findFirst();
  }
}
