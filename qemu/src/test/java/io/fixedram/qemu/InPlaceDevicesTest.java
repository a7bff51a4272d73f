// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.process.Programs;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests with devices or memory of kinds of their own, saved in place and restored. */
class InPlaceDevicesTest extends QemuTest {
  private static final int MIB = 1 << 20;

  /** Saves a guest in place, and returns what it had printed until then. */
  private String saveInPlace(RunningQemu qemu) {
    qemu.awaitGeneration(3);
    save(GuestSave.of(qemu.qmp(), file()).mode(SaveMode.MEMORY).then(AfterSave.PAUSE));
    return qemu.serial();
  }

  private void assertComesBack(TestedQemu version, GuestSpec spec, RestoreMode mode, String saved)
      throws IOException {
    String name = "restored-" + mode.text();
    try (RunningQemu qemu = RunningQemu.waiting(version, spec, directory, name)) {
      assertThat(restore(qemu, mode).mode()).isEqualTo(mode);
      RunningQemu.assertGoesOn(saved, directory, name);
    }
  }

  /** It boots from its flash. */
  @ParameterizedTest
  @EnumSource
  void flash(TestedQemu version) throws Exception {
    Path flash = firmware(version, directory.resolve("flash"));
    GuestSpec spec = GuestSpec.small().with("-drive", "if=pflash,format=raw,file=" + flash);
    String saved;
    try (RunningQemu qemu = boot(version, spec)) {
      saved = saveInPlace(qemu);
    }
    assertComesBack(version, spec, RestoreMode.MEMORY, saved);
    assertComesBack(version, spec, RestoreMode.STREAM, saved);
  }

  /** Emulates a TPM for one QEMU. */
  private Process startTpm(String name) throws IOException {
    Path state = Files.createDirectory(directory.resolve(name + ".tpm"));
    Path socket = directory.resolve(name + ".tpm-socket");
    Process process =
        new ProcessBuilder(
                "swtpm",
                "socket",
                "--tpm2",
                "--tpmstate",
                "dir=" + state,
                "--ctrl",
                "type=unixio,path=" + socket)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".tpm-output").toFile())
            .start();
    RunningQemu.await("the TPM", () -> Files.exists(socket) || !process.isAlive());
    return process;
  }

  private GuestSpec withTpm(String device, String name) {
    return GuestSpec.small()
        .with("-chardev", "socket,id=tpm,path=" + directory.resolve(name + ".tpm-socket"))
        .with("-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", device + ",tpmdev=tpm0");
  }

  /** A TPM may finish a command in the guest's memory when its state is taken. */
  @ParameterizedTest
  @CsvSource({"QEMU_7, tpm-crb", "QEMU_10, tpm-crb", "QEMU_7, tpm-tis", "QEMU_10, tpm-tis"})
  void tpm(TestedQemu version, String device) throws Exception {
    assumeTrue(Programs.find("swtpm").isPresent(), "no swtpm is installed");
    Process emulator = startTpm("source");
    String saved;
    try (RunningQemu qemu = boot(version, withTpm(device, "source"))) {
      saved = saveInPlace(qemu);
    } finally {
      emulator.destroy();
    }
    Process another = startTpm("restored-memory");
    try {
      assertComesBack(version, withTpm(device, "restored-memory"), RestoreMode.MEMORY, saved);
    } finally {
      another.destroy();
    }
  }

  /** Memory that no restore may write is refused before QEMU loads anything. */
  @ParameterizedTest
  @EnumSource
  void memoryThatIsReadOnly(TestedQemu version) throws Exception {
    Path file = Files.write(directory.resolve("nvdimm"), new byte[16 * MIB]);
    GuestSpec spec =
        GuestSpec.small()
            .with("-machine", "nvdimm=on", "-m", "64M,slots=2,maxmem=1G")
            .with(
                "-object",
                "memory-backend-file,id=nv,size=16M,share=on,readonly=on,mem-path=" + file)
            .with("-device", "nvdimm,id=nvdimm,memdev=nv,unarmed=on");
    try (RunningQemu qemu = boot(version, spec)) {
      saveInPlace(qemu);
    }
    try (RunningQemu qemu = waiting(version, spec)) {
      assertThatThrownBy(() -> restore(qemu, RestoreMode.MEMORY))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e ->
                  assertThat(e.obstacle())
                      .isEqualTo(new MemoryObstacle.ReadOnlyBlock("nv", "r--s")));
      assertThat(recorder.hasStarted()).isTrue();
      assertThat(qemu.status()).isEqualTo("inmigrate");
      assertThat(qemu.observer().execute("query-migrate").findText("status")).isEmpty();
    }
  }

  /** Its memory is a private mapping of its save, in which a page that is not present has data. */
  @Test
  void guestOfAnInstantRestore() throws Exception {
    TestedQemu version = TestedQemu.QEMU_10;
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Path original = Files.move(file(), directory.resolve("original.save"));
    Endpoint.Unix qmp = new Endpoint.Unix(directory.resolve("clone.qmp"));
    List<String> command =
        GuestSpec.small()
            .with("-qmp", qmp + ",server=on,wait=off")
            .command(version.binary(), directory, "clone");
    try (RestoredGuest clone =
        GuestRestore.of(original, command).mode(RestoreMode.INSTANT).paused().run()) {
      assertThat(clone.awaitResident().mode()).isEqualTo(RestoreMode.INSTANT);
      // It has not run, so that QEMU has none of its pages.
      save(GuestSave.of(qmp, file()).mode(SaveMode.MEMORY).then(AfterSave.QUIT));
      clone.terminate();
    }
    assertComesBack(version, GuestSpec.small(), RestoreMode.STREAM, saved);
  }
}
