// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.process.RunGuard;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.testkit.TestedQemu;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Saves of stopped guests and restores in mode memory. */
class MemorySaveTest extends QemuTest {
  private SaveReport save(RunningQemu qemu, AfterSave then) {
    return GuestSave.of(qemu.qmp(), file())
        .mode(SaveMode.MEMORY)
        .stopFirst()
        .then(then)
        .listener(recorder)
        .run();
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  QEMU_7,  STREAM",
    "QEMU_7,  QEMU_10, NATIVE",
    "QEMU_10, QEMU_7,  MEMORY",
    "QEMU_10, QEMU_10, LAZY",
    "QEMU_7,  QEMU_7,  MEMORY",
    "QEMU_10, QEMU_10, MEMORY",
  })
  void savesAndRestores(TestedQemu from, TestedQemu to, RestoreMode mode) throws Exception {
    String saved;
    try (RunningQemu qemu = boot(from, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      SaveReport report = save(qemu, AfterSave.PAUSE);
      assertThat(report.mode()).isEqualTo(SaveMode.MEMORY);
      assertThat(report.downtimeSeconds()).isPositive();
      assertThat(qemu.status()).isEqualTo("paused");
      saved = qemu.serial();
      qemu.kill();
    }
    try (RunningQemu qemu = waiting(to, GuestSpec.small());
        RestoredGuest guest =
            GuestRestore.of(file(), qemu.qmp()).mode(mode).listener(recorder).run()) {
      assertThat(guest.awaitResident().mode()).isEqualTo(mode);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @ParameterizedTest
  @EnumSource
  void letsTheGuestGoOn(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      String before = qemu.migrationSettings();
      save(qemu, AfterSave.RESUME);
      assertThat(qemu.status()).isEqualTo("running");
      assertThat(qemu.migrationSettings()).isEqualTo(before);
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void stoppedBefore(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.observer().execute("stop");
      SaveReport report =
          GuestSave.of(qemu.qmp(), file()).mode(SaveMode.MEMORY).then(AfterSave.RESUME).run();
      assertThat(report.downtimeSeconds()).isZero();
      assertThat(qemu.status()).isEqualTo("running");
    }
  }

  @ParameterizedTest
  @EnumSource
  void deviceThatCannotMigrate(TestedQemu version) throws Exception {
    Path disk = Files.write(directory.resolve("disk"), new byte[1 << 20]);
    GuestSpec spec =
        GuestSpec.small()
            .with("-drive", "if=none,id=d,format=raw,file=" + disk)
            .with("-device", "nvme,drive=d,serial=1");
    try (RunningQemu qemu = boot(version, spec)) {
      assertThatThrownBy(() -> save(qemu, AfterSave.PAUSE))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("nvme");
      assertThat(qemu.status()).isEqualTo("running");
      assertThat(file()).doesNotExist();
    }
  }

  @ParameterizedTest
  @EnumSource
  void restoresPaused(TestedQemu version) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.FIXED_RAM);
    try (RunningQemu qemu = waiting(version, GuestSpec.small());
        RestoredGuest guest =
            GuestRestore.of(file(), qemu.qmp()).mode(RestoreMode.MEMORY).paused().run()) {
      assertThat(qemu.status()).isEqualTo("paused");
      qemu.observer().execute("cont");
      RunningQemu.assertGoesOn(saved, directory, "restored");
      assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.MEMORY);
    }
  }

  @ParameterizedTest
  @EnumSource
  void restoresThroughASocketThatSomebodyElseMade(TestedQemu version) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Path socket = directory.resolve("handed");
    List<String> qemu =
        GuestSpec.small()
            .with("-incoming", "defer")
            .command(version.binary(), directory, "restored");
    try (RunningQemu running =
        RunningQemu.start(HandedSocket.command(qemu, socket), directory, "restored")) {
      GuestRestore request =
          GuestRestore.of(file(), new Endpoint.Unix(socket)).mode(RestoreMode.MEMORY);
      assertThatThrownBy(request::run)
          .isInstanceOf(FixedRamException.class)
          .satisfies(Remedied.by(Remedy.NAME_PROCESS, Remedy.USE_STREAM));
      assertThat(running.status()).isEqualTo("inmigrate");
      try (RestoredGuest guest = request.process((int) running.process().pid()).run()) {
        assertThat(guest.awaitResident().mode()).isEqualTo(RestoreMode.MEMORY);
        RunningQemu.assertGoesOn(saved, directory, "restored");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void resumedWhileItIsRead(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(2);
      recorder.atStart(() -> {
        qemu.observer().execute("cont");
        qemu.observer().execute("stop");
      });
      assertThatThrownBy(() -> save(qemu, AfterSave.RESUME))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("let the guest run");
      assertThat(file()).doesNotExist();
    }
  }

  /** On a system that has no more of Perl than every Debian. */
  @Test
  void guardNeedsLittle() throws Exception {
    String little = "BEGIN { @INC = grep { m{perl-base} } @INC or @INC }\n";
    Process perl =
        new ProcessBuilder("perl", "-c", "-e", little + RunGuard.script())
            .redirectErrorStream(true)
            .start();
    String said = new String(perl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(perl.waitFor()).as(said).isZero();
  }
}
