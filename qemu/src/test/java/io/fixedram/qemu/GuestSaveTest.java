// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Saves of real guests that succeed. */
class GuestSaveTest extends QemuTest {

  @ParameterizedTest
  @EnumSource
  void savesALiveGuest(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      String settings = qemu.migrationSettings();

      SaveReport report = save(request(qemu));

      assertThat(qemu.status()).isEqualTo("postmigrate");
      assertThat(qemu.migrationSettings()).isEqualTo(settings);
      assertThat(report.passes()).isGreaterThanOrEqualTo(2);
      assertThat(report.downtimeSeconds()).isPositive().isLessThan(report.seconds());
      assertThat(report.receivedBytes()).isGreaterThanOrEqualTo(report.ramBytes());
      assertThat(report.ramBytes()).isBetween(64L << 20, 72L << 20);
      assertThat(report.fileBytes()).isEqualTo(Files.size(file()));
      assertThat(Files.getPosixFilePermissions(file()))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      SaveInfo info = SaveInfo.of(file());
      assertThat(info.complete()).isTrue();
      assertThat(info.machine()).isEqualTo("pc-i440fx-7.2");
      assertThat(recorder.warnings()).isEmpty();
      try (RunningQemu other = waiting(version, GuestSpec.small())) {
        restore(other, RestoreMode.AUTO);
        other.assertGoesOnFrom(qemu);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void savesAGuestThatItStopsFirst(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      SaveReport report = save(request(qemu).stopFirst());
      assertThat(report.downtimeSeconds()).isPositive().isLessThanOrEqualTo(report.seconds());
      assertThat(qemu.status()).isEqualTo("postmigrate");
      try (RunningQemu other = waiting(version, GuestSpec.small())) {
        restore(other, RestoreMode.STREAM);
        other.assertGoesOnFrom(qemu);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void savesAGuestThatIsPaused(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.observer().execute("stop");
      SaveReport report = save(request(qemu));
      assertThat(report.downtimeSeconds()).isZero();
      try (RunningQemu other = waiting(version, GuestSpec.small())) {
        restore(other, RestoreMode.AUTO);
        other.assertGoesOnFrom(qemu);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void letsTheGuestGoOn(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      SaveReport report = save(request(qemu).then(AfterSave.RESUME));
      qemu.assertGoesOn();
      assertThat(report.downtimeSeconds()).isPositive().isLessThan(report.seconds());
      // It can be saved again at once.
      SaveReport again = save(request(qemu).then(AfterSave.RESUME).stopFirst());
      assertThat(again.downtimeSeconds()).isLessThan(again.seconds());
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void endsQemu(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      save(request(qemu).then(AfterSave.QUIT));
      assertThat(qemu.process().waitFor()).isZero();
      assertThat(SaveInfo.of(file()).complete()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPausedGuestGoesOnAndIsSavedAgain(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      save(request(qemu));
      qemu.observer().execute("cont");
      qemu.assertGoesOn();
      save(request(qemu));
      try (RunningQemu other = waiting(version, GuestSpec.small())) {
        restore(other, RestoreMode.AUTO);
        other.assertGoesOnFrom(qemu);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void stopsAGuestThatDirtiesItsMemoryForEver(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      recorder.atStart(qemu::slowDown);
      SaveReport report = save(request(qemu).maxPasses(3).then(AfterSave.RESUME));
      assertThat(report.passes()).isBetween(4L, 12L);
      assertThat(recorder.notes()).anyMatch(note -> note.contains("stopped after 3 passes"));
      qemu.assertGoesOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void writesEveryFormat(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      for (SaveFormat format : SaveFormat.values()) {
        qemu.awaitGeneration(2);
        SaveReport report = save(request(qemu).then(AfterSave.RESUME).format(format));
        assertThat(report.format()).isEqualTo(format);
        try (PageStore save = Saves.open(file())) {
          assertThat(save.file().orElseThrow().format()).isEqualTo(format);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void putsCapabilitiesAndParametersBack(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      qemu.setParameter("max-bandwidth", 1 << 20);
      qemu.setParameter("tls-creds", "no-such-object");
      qemu.setParameter("tls-hostname", "no-such-host");
      qemu.switchOn(
          "postcopy-ram",
          "postcopy-preempt",
          "release-ram",
          "return-path",
          "pause-before-switchover",
          "switchover-ack",
          "xbzrle",
          "validate-uuid");
      assertSettingsStay(qemu);
      switchAllOff(qemu);
      if (version == TestedQemu.QEMU_10) {
        qemu.setParameter("mode", "cpr-reboot");
        qemu.setParameter("zero-page-detection", "none");
        qemu.setParameter("direct-io", true);
      }
      qemu.switchOn("multifd", "mapped-ram", "x-ignore-shared");
      assertSettingsStay(qemu);
      switchAllOff(qemu);
      qemu.switchOn("compress", "auto-converge");
      assertSettingsStay(qemu);
      switchAllOff(qemu);
      qemu.switchOn("background-snapshot");
      assertSettingsStay(qemu);
      qemu.awaitGeneration(8);
    }
  }

  private void assertSettingsStay(RunningQemu qemu) {
    String settings = qemu.migrationSettings();
    assertThat(settings).contains("true");
    SaveReport report = save(request(qemu).then(AfterSave.RESUME));
    assertThat(qemu.migrationSettings()).isEqualTo(settings);
    // With a bandwidth of 1 MiB/s it would have taken half a minute.
    assertThat(report.seconds()).isLessThan(10);
    try (PageStore save = Saves.open(file())) {
      assertThat(save.header().configuration().capabilities()).isEmpty();
    }
    // Zero pages are still told from others.
    assertThat(report.pageBytes()).isLessThan(report.ramBytes() / 2);
  }

  private static void switchAllOff(RunningQemu qemu) {
    qemu.observer()
        .execute(
            "migrate-set-capabilities",
            Map.of(
                "capabilities",
                qemu.observer().execute("query-migrate-capabilities").items().stream()
                    .map(
                        each -> Map.of("capability", each.get("capability").text(), "state", false))
                    .toList()));
  }
}
