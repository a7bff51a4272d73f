// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.obstacle.GuestDifference;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.StartObstacle;
import io.fixedram.qemu.restore.CheckReport;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreCheck;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.SavedCommand;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The manifest of a save, what a check says by it, and what a restore does about it. */
class ManifestRestoreTest extends QemuTest {
  private static final int DISK_BYTES = 1 << 20;

  private TestedQemu version = TestedQemu.QEMU_7;
  private Path disk = Path.of("disk.raw");

  private GuestSpec spec(String... more) {
    return GuestSpec.small()
        .with("-smp", "2", "-cpu", "qemu64")
        .with("-drive", "if=virtio,id=vd0,format=raw,file=" + disk)
        .with(more);
  }

  private List<String> command(GuestSpec spec) {
    return spec.command(version.binary(), directory, "again");
  }

  private CheckReport check(GuestSpec spec) {
    return RestoreCheck.of(() -> Saves.open(file()), command(spec))
        .starter(QemuStarter.logging(directory.resolve("check.log")))
        .run(recorder, new Cancellation());
  }

  private GuestRestore again(GuestSpec spec) {
    return GuestRestore.of(file(), command(spec))
        .mode(RestoreMode.STREAM)
        .starter(QemuStarter.logging(directory.resolve("again.log")));
  }

  private void restoreAndEnd(GuestRestore request) {
    try (var guest = restore(request)) {
      guest.awaitResident();
      guest.terminate();
      guest.waitForExit();
    }
  }

  private void haveGuestSaved(String mode) throws Exception {
    disk = Files.write(directory.resolve("disk.raw"), new byte[DISK_BYTES]);
    try (RunningQemu source = boot(version, spec())) {
      source.awaitGeneration(2);
      save(GuestSave.of(source.qmp(), file()).mode(SaveMode.valueOf(mode)).then(AfterSave.QUIT));
    }
    assertThat(recorder.warnings()).filteredOn(each -> each.contains("manifest")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, MEMORY", "QEMU_10, STREAM"})
  void aSaveIsComparedWithTheQemuThatIsToLoadIt(TestedQemu tested, String mode) throws Exception {
    version = tested;
    haveGuestSaved(mode);
    checkTells();
    restoreTells();
    changedDisksAreRefused();
    commandIsRepeated();
  }

  private void checkTells() throws Exception {
    FileTime before = (FileTime) Files.getAttribute(disk, "unix:ctime");
    CheckReport same = check(spec());
    assertThat(same.fits()).as(same.toString()).isTrue();
    assertThat(same.compared()).isTrue();
    assertThat(same.differences()).isEmpty();
    assertThat(same.disks())
        .filteredOn(state -> state.disk().drive().equals("vd0"))
        .hasOnlyElementsOfType(DiskState.Same.class)
        .hasSize(1);
    assertThat(same.modes().get(RestoreMode.STREAM)).isEmpty();
    assertThat(same.modes().get(RestoreMode.MEMORY)).isEmpty();
    assertThat(same.modes()).doesNotContainKey(RestoreMode.AUTO);
    assertThat(Files.getAttribute(disk, "unix:ctime")).as("the disk").isEqualTo(before);

    CheckReport other = check(spec("-cpu", "max", "-smp", "1", "-device", "virtio-rng-pci,id=rng"));
    assertThat(other.fits()).isFalse();
    assertThat(other.differences())
        .extracting(each -> each.getClass().getSimpleName())
        .contains("OtherCpuCount", "OtherCpuModel", "DeviceAdded", "OtherPciFunction");
    assertThat(check(spec("-m", "65M")).obstacle())
        .hasValueSatisfying(why -> assertThat(why.sentence()).contains("-m 64M"));
  }

  private void restoreTells() {
    restoreAndEnd(again(spec("-cpu", "max")));
    assertThat(recorder.warnings())
        .anyMatch(each -> each.contains("CPU model") && each.contains("-cpu qemu64"))
        .noneMatch(each -> each.contains("disk"));
    assertThatThrownBy(() -> restoreAndEnd(again(spec("-smp", "1"))))
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e ->
                assertThat(e.obstacle())
                    .isEqualTo(
                        new LoadObstacle.OtherGuest(
                            file().toString(), List.of(new GuestDifference.OtherCpuCount(2, 1)))));
  }

  private void changedDisksAreRefused() throws Exception {
    Files.setLastModifiedTime(disk, FileTime.fromMillis(1));
    restoreAndEnd(again(spec()));
    assertThat(recorder.warnings())
        .anyMatch(each -> each.contains(disk.toString()) && each.contains("was changed since"));

    try (RandomAccessFile larger = new RandomAccessFile(disk.toFile(), "rw")) {
      larger.setLength(2 * DISK_BYTES);
    }
    assertThatThrownBy(() -> restoreAndEnd(again(spec())))
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e ->
                assertThat(e.obstacle())
                    .isEqualTo(
                        new LoadObstacle.DiskChanged(
                            file().toString(),
                            "vd0",
                            disk.toString(),
                            false,
                            "its size is 2 MiB instead of 1 MiB")));
    assertThat(check(spec()).fits()).isFalse();
    restoreAndEnd(again(spec()).acceptChangedDisks());
    assertThat(recorder.warnings()).anyMatch(each -> each.contains("2 MiB instead of 1 MiB"));
  }

  private void commandIsRepeated() throws Exception {
    try (PageStore save = Saves.open(file())) {
      List<String> words = SavedCommand.of(save);
      assertThat(words).containsSequence("-smp", "2", "-cpu", "qemu64");
      if (version == TestedQemu.QEMU_7 && version.binary().startsWith("/usr")) {
        assertThat(SavedCommand.repeatable(save)).isEqualTo(words);
      }
      Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-rw-rw-"));
      assertThatThrownBy(() -> SavedCommand.repeatable(save))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isInstanceOf(StartObstacle.CommandNotTrusted.class));
      Manifest manifest = Manifest.ofJson(save.manifest().orElseThrow());
      assertThat(manifest.ranOn()).isFalse();
      assertThat(new ArrayList<>(manifest.masked().guest().qemu().command())).isEqualTo(words);
    }
  }
}
