// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What mode auto takes, with real QEMUs: the rows of the table in docs/restore.md that there is a
 * QEMU for. Whether a save is large or small is said, so that the speed of this machine does not
 * matter.
 */
class RestoreAutoTest extends QemuTest {
  private static final Duration LARGE = Duration.ZERO;
  private static final Duration SMALL = Duration.ofDays(1);

  private static final GuestSpec WITH_BACKEND =
      GuestSpec.small()
          .with("-object", "memory-backend-ram,id=m,size=64M", "-machine", "memory-backend=m");

  private RestoreReport restore(GuestRestore request, Duration inPlaceWithin) {
    try (RestoredGuest guest = restore(request.inPlaceWithin(inPlaceWithin))) {
      return guest.awaitResident();
    }
  }

  private RestoreReport restoreInto(TestedQemu version, GuestSpec spec, Duration inPlaceWithin)
      throws Exception {
    String saved = haveSaved(version, savedAs(spec), SaveFormat.MAPPED_RAM);
    try (RunningQemu qemu = waiting(version, spec)) {
      RestoreReport report = restore(GuestRestore.of(file(), qemu.qmp()), inPlaceWithin);
      RunningQemu.assertGoesOn(saved, directory, "restored");
      return report;
    }
  }

  private static GuestSpec savedAs(GuestSpec spec) {
    return spec.more().stream().anyMatch(word -> word.contains("id=m,"))
        ? WITH_BACKEND
        : GuestSpec.small();
  }

  @ParameterizedTest
  @EnumSource
  void smallSave(TestedQemu version) throws Exception {
    RestoreReport report = restoreInto(version, GuestSpec.small(), SMALL);
    assertThat(report.mode()).isEqualTo(RestoreMode.MEMORY);
    assertThat(report.why()).contains("soon be in its place").doesNotContain("not ");
  }

  @ParameterizedTest
  @EnumSource
  void largeSave(TestedQemu version) throws Exception {
    RestoreReport report = restoreInto(version, GuestSpec.small(), LARGE);
    assertThat(report.mode()).isEqualTo(RestoreMode.LAZY);
    assertThat(report.why()).doesNotContain("not memory");
  }

  @ParameterizedTest
  @EnumSource
  void smallSaveIntoSharedMemory(TestedQemu version) throws Exception {
    GuestSpec shared =
        GuestSpec.small()
            .with("-object", "memory-backend-memfd,id=m,size=64M,share=on")
            .with("-machine", "memory-backend=m");
    assertThat(restoreInto(version, shared, SMALL).mode()).isEqualTo(RestoreMode.MEMORY);
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, on", "QEMU_7, off", "QEMU_10, on", "QEMU_10, off"})
  void largeSaveIntoAFile(TestedQemu version, String share) throws Exception {
    GuestSpec file =
        GuestSpec.small()
            .with(
                "-object",
                "memory-backend-file,id=m,size=64M,share="
                    + share
                    + ",mem-path="
                    + directory.resolve("memory"))
            .with("-machine", "memory-backend=m");
    RestoreReport report = restoreInto(version, file, LARGE);
    assertThat(report.mode()).isEqualTo(RestoreMode.MEMORY);
    assertThat(report.why()).contains("not lazy: the memory backend m is");
  }

  /** QEMU's process can't be identified. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, true", "QEMU_7, false", "QEMU_10, true", "QEMU_10, false"})
  void qmpOverTcp(TestedQemu version, boolean small) throws Exception {
    Endpoint.Tcp qmp = OtherConnectionsTest.freePort();
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestSpec spec = GuestSpec.small().with("-qmp", qmp + ",server=on,wait=off");
    try (RunningQemu _ = waiting(version, spec)) {
      RestoreReport report = restore(GuestRestore.of(file(), qmp), small ? SMALL : LARGE);
      assertThat(report.mode()).isEqualTo(RestoreMode.LAZY);
      if (small) {
        assertThat(report.why()).contains("(not memory: QEMU's process can't be identified");
      }
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  /** It has memory that the save lacks, which neither can do. */
  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  true,  STREAM",
    "QEMU_7,  false, STREAM",
    "QEMU_10, true,  NATIVE",
    "QEMU_10, false, NATIVE"
  })
  void neitherLazyNorMemory(TestedQemu version, boolean small, RestoreMode taken) throws Exception {
    RestoreReport report =
        restoreInto(version, GuestSpec.small().with("-device", "VGA"), small ? SMALL : LARGE);
    assertThat(report.mode()).isEqualTo(taken);
    assertThat(report.why())
        .contains("(not memory: this QEMU has RAM block 0000:00:02.0/vga.")
        .contains("(not lazy: QEMU has RAM block 0000:00:02.0/vga.");
  }

  @ParameterizedTest
  @EnumSource
  void saveOfAStream(TestedQemu version) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.STREAM);
    try (RunningQemu qemu = waiting(version, GuestSpec.small())) {
      RestoreReport report = restore(GuestRestore.of(file(), qemu.qmp()), SMALL);
      assertThat(report.mode()).isEqualTo(RestoreMode.STREAM);
      assertThat(report.why()).contains("not memory: ").contains("not lazy: ");
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  /** Decided before QEMU starts: nothing is mapped. */
  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  true,  MEMORY",
    "QEMU_7,  false, LAZY",
    "QEMU_10, true,  MEMORY",
    "QEMU_10, false, INSTANT"
  })
  void qemuThatIsStarted(TestedQemu version, boolean small, RestoreMode taken) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Path qmp = directory.resolve("own.qmp");
    List<String> command =
        GuestSpec.small()
            .with("-qmp", "unix:" + qmp + ",server=on,wait=off")
            .command(version.binary(), directory, "restored");
    GuestRestore request = GuestRestore.of(file(), command).inPlaceWithin(small ? SMALL : LARGE);
    try (RestoredGuest guest = restore(request)) {
      assertThat(guest.awaitResident().mode()).isEqualTo(taken);
      RunningQemu.assertGoesOn(saved, directory, "restored");
      guest.terminate();
      guest.waitForExit();
    }
  }
}
