// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.stream.StreamSend;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Restores into a QEMU that waits for a guest. */
class GuestRestoreTest extends QemuTest {

  private String saveGuest(TestedQemu version, SaveFormat format) throws Exception {
    return haveSaved(version, GuestSpec.small(), format);
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  MAPPED_RAM, STREAM, STREAM",
    "QEMU_7,  MAPPED_RAM, AUTO,   MEMORY",
    "QEMU_7,  FIXED_RAM,  AUTO,   MEMORY",
    "QEMU_7,  STREAM,     STREAM, STREAM",
    "QEMU_10, MAPPED_RAM, STREAM, STREAM",
    "QEMU_10, MAPPED_RAM, NATIVE, NATIVE",
    "QEMU_10, MAPPED_RAM, AUTO,   MEMORY",
    "QEMU_10, FIXED_RAM,  STREAM, STREAM",
    "QEMU_10, FIXED_RAM,  AUTO,   MEMORY",
    "QEMU_10, STREAM,     AUTO,   STREAM",
  })
  void restores(TestedQemu version, SaveFormat format, RestoreMode mode, RestoreMode taken)
      throws Exception {
    String saved = saveGuest(version, format);
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      String settings = qemu.migrationSettings();
      RestoreReport report = restore(qemu, mode);
      assertThat(report.mode()).isEqualTo(taken);
      assertThat(report.why()).isNotBlank();
      assertThat(report.ramBytes()).isBetween(64L << 20, 72L << 20);
      assertThat(report.pageBytes()).isBetween(8L << 20, 24L << 20);
      assertThat(report.runningSeconds()).isPositive().isLessThan(report.downtimeSeconds());
      assertThat(report.downtimeSeconds()).isLessThanOrEqualTo(report.seconds());
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      assertThat(qemu.observer().execute("query-status").get("running").flag()).isTrue();
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  /** What was asked for with a guest that did not come must not hold back the next one. */
  @ParameterizedTest
  @EnumSource
  void nextGuestRunsAfterAFailureToRestoreOnePaused(TestedQemu version) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small());
        RunningQemu target = waiting(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      save(request(source));
      Cancellation cancellation = new Cancellation();
      recorder.atStart(cancellation::cancel);
      GuestRestore request =
          GuestRestore.of(file(), target.qmp()).mode(RestoreMode.STREAM).paused();
      assertThatThrownBy(() -> restore(request.cancellation(cancellation)))
          .isInstanceOf(CancelledException.class);
      recorder.atStart(() -> {});
      Endpoint socket = new Endpoint.Unix(directory.resolve("incoming"));
      target.observer().execute("migrate-incoming", Map.of("uri", socket.toString()));
      try (PageStore save = Saves.open(file())) {
        StreamSend.run(save, socket, recorder, new Cancellation());
      }
      RunningQemu.assertGoesOn(source.serial(), directory, "restored");
    }
  }

  /** The guest that was saved runs on, and has its disk open: QEMU can't begin with the other. */
  @ParameterizedTest
  @CsvSource({
    "QEMU_7, STREAM",
    "QEMU_7, LAZY",
    "QEMU_10, STREAM",
    "QEMU_10, LAZY",
    "QEMU_10, NATIVE"
  })
  void diskThatAnotherQemuHasOpen(TestedQemu version, RestoreMode mode) throws Exception {
    Path disk = directory.resolve("disk");
    Files.write(disk, new byte[1 << 20]);
    GuestSpec spec = GuestSpec.small().with("-drive", "if=virtio,format=raw,file=" + disk);
    try (RunningQemu source = boot(version, spec);
        RunningQemu target = waiting(version, spec)) {
      source.awaitGeneration(3);
      save(request(source).stopFirst().then(AfterSave.RESUME));
      assertThatThrownBy(() -> restore(target, mode))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("loaded")
          .hasMessageMatching("(?s).*(lock|disk).*");
      assertThat(target.observer().execute("query-status").get("running").flag()).isFalse();
      assertThat(target.serial()).isEmpty();
      source.assertGoesOn();
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_10, NATIVE"})
  void leavesTheGuestPaused(TestedQemu version, RestoreMode mode) throws Exception {
    String saved = saveGuest(version, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      restore(qemu, mode, true);
      assertThat(qemu.status()).isEqualTo("paused");
      assertThat(qemu.serial()).isEmpty();
      qemu.observer().execute("cont");
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_10, NATIVE"})
  void letsAGuestRunThatWasSavedStopped(TestedQemu version, RestoreMode mode) throws Exception {
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.observer().execute("stop");
      save(request(source));
      // Like -S, which leaves it to the QMP client whether the guest runs.
      try (RunningQemu qemu = waiting(version, GuestSpec.small().with("-S"))) {
        restore(qemu, mode);
        qemu.assertGoesOnFrom(source);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_10, NATIVE"})
  void putsSettingsBack(TestedQemu version, RestoreMode mode) throws Exception {
    String saved = saveGuest(version, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      qemu.switchOn("multifd", "x-ignore-shared", "return-path");
      qemu.setParameter("tls-creds", "no-such-object");
      if (version == TestedQemu.QEMU_10) {
        qemu.setParameter("direct-io", true);
      }
      String settings = qemu.migrationSettings();
      restore(qemu, mode);
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  /** QEMU must load the file that was looked at, whatever has its name by then. */
  @Test
  void nativeLoadsTheFileThatWasChecked() throws Exception {
    String saved = saveGuest(TestedQemu.QEMU_10, SaveFormat.MAPPED_RAM);
    Path other = Files.writeString(directory.resolve("other"), "no save");
    recorder.atStart(() -> replace(other));
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      restore(qemu, RestoreMode.NATIVE);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  private void replace(Path other) {
    try {
      Files.move(other, file(), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Over TCP QEMU can't be handed a file. */
  @Test
  void nativeByNameDoesNotRunAnotherGuest() throws Exception {
    saveGuest(TestedQemu.QEMU_10, SaveFormat.MAPPED_RAM);
    Path other = directory.resolve("other");
    Files.copy(file(), other);
    recorder.atStart(() -> replace(other));
    Endpoint.Tcp qmp = OtherConnectionsTest.freePort();
    GuestSpec spec = GuestSpec.small().with("-qmp", qmp + ",server=on,wait=off");
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, spec)) {
      GuestRestore target = GuestRestore.of(file(), qmp);
      assertThatThrownBy(() -> restore(target.mode(RestoreMode.NATIVE)))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("was replaced or moved while QEMU opened it by its name");
      assertThat(qemu.status()).isEqualTo("paused");
      assertThat(qemu.serial()).isEmpty();
    }
  }

  /** Characters that end a value in a URI of QEMU's, or begin another. */
  @Test
  void takesAnyFileName() throws Exception {
    String saved = saveGuest(TestedQemu.QEMU_7, SaveFormat.MAPPED_RAM);
    Path odd =
        Files.move(file(), directory.resolve("a,offset=1 % \"ü"), StandardCopyOption.ATOMIC_MOVE);
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      restore(GuestRestore.of(odd, qemu.qmp()).mode(RestoreMode.NATIVE)).close();
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @Test
  void nativeNeedsANewerQemu() throws Exception {
    saveGuest(TestedQemu.QEMU_7, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_7, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.NATIVE))
          .hasMessageContaining("cannot load mapped-ram files")
          .satisfies(Remedied.by(Remedy.USE_STREAM));
      assertThat(qemu.status()).isEqualTo("inmigrate");
    }
  }

  @Test
  void nativeNeedsAMappedRamFile() throws Exception {
    saveGuest(TestedQemu.QEMU_10, SaveFormat.FIXED_RAM);
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.NATIVE))
          .hasMessageContaining("fixed-ram")
          .satisfies(Remedied.by(Remedy.CONVERT_TO_MAPPED_RAM, Remedy.USE_STREAM));
      assertThat(qemu.status()).isEqualTo("inmigrate");
    }
  }

  @ParameterizedTest
  @EnumSource
  void anotherMachineType(TestedQemu version) throws Exception {
    saveGuest(version, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, GuestSpec.small().on("pc-q35-7.2"))) {
      assertFails(qemu, RestoreMode.AUTO, "pc-i440fx-7.2", "pc-q35-7.2", "-machine pc-i440fx-7.2");
      assertThat(qemu.status()).isEqualTo("inmigrate");
    }
  }

  @ParameterizedTest
  @EnumSource
  void anotherRamSize(TestedQemu version) throws Exception {
    saveGuest(version, SaveFormat.MAPPED_RAM);
    for (int mebibytes : new int[] {128, 48}) {
      try (RunningQemu qemu = waiting(version, GuestSpec.small().withRam(mebibytes))) {
        assertFails(qemu, RestoreMode.AUTO, "64 MiB", mebibytes + " MiB", "-m 64M");
        assertThat(qemu.status()).isEqualTo("inmigrate");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void notWaiting(TestedQemu version) throws Exception {
    saveGuest(version, SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      assertFails(qemu, RestoreMode.AUTO, "does not wait for a guest", "-incoming defer");
      assertThat(qemu.status()).isEqualTo("running");
    }
  }

  /** A device more than QEMU has only comes out while it loads: QEMU 7.2 then ends. */
  @Test
  void missingDeviceInQemu7() throws Exception {
    saveGuestWithAGenerationId(TestedQemu.QEMU_7);
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_7, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.STREAM))
          .isInstanceOf(QemuGoneException.class)
          .hasMessageContaining("ended while it loaded " + file())
          .hasMessageContaining("its own output says why");
      assertThat(qemu.process().waitFor()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"STREAM", "NATIVE"})
  void missingDeviceInQemu10(RestoreMode mode) throws Exception {
    saveGuestWithAGenerationId(TestedQemu.QEMU_10);
    try (RunningQemu qemu = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      String settings = qemu.migrationSettings();
      assertFails(qemu, mode, "QEMU could not load " + file(), "load of migration failed");
      assertThat(qemu.process().isAlive()).isTrue();
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
    }
  }

  private void saveGuestWithAGenerationId(TestedQemu version) throws Exception {
    haveSaved(version, GuestSpec.small().with("-device", "vmgenid"), SaveFormat.MAPPED_RAM);
  }

  @ParameterizedTest
  @EnumSource
  void incompleteFile(TestedQemu version) throws Exception {
    saveGuest(version, SaveFormat.MAPPED_RAM);
    try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - 100);
    }
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.AUTO))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(file().toString());
      assertThat(qemu.status()).isEqualTo("inmigrate");
    }
  }

  /** What is missing from a stream is seen when its end comes, and QEMU must not take it. */
  @ParameterizedTest
  @EnumSource
  void incompleteStream(TestedQemu version) throws Exception {
    saveGuest(version, SaveFormat.STREAM);
    try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.AUTO))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(file().toString());
    }
  }

  /** Through all formats and back, and the guest does not notice. */
  @ParameterizedTest
  @EnumSource
  void restoresWhatWasConverted(TestedQemu version) throws Exception {
    String saved = saveGuest(version, SaveFormat.STREAM);
    for (SaveFormat format :
        new SaveFormat[] {SaveFormat.MAPPED_RAM, SaveFormat.FIXED_RAM, SaveFormat.STREAM}) {
      Path next = directory.resolve("next");
      try (PageStore save = Saves.open(file());
          SaveWriter writer = SaveWriter.create(next, format, WriteOptions.defaults())) {
        save.sendTo(writer.sink());
        writer.publish();
      }
      Files.move(next, file(), StandardCopyOption.REPLACE_EXISTING);
    }
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      restore(qemu, RestoreMode.AUTO);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  private void assertFails(RunningQemu qemu, RestoreMode mode, String... parts) {
    assertThatThrownBy(() -> restore(qemu, mode))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContainingAll(parts);
  }
}
