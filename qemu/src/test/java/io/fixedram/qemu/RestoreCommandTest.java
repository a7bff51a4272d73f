// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.qemu.start.StartedQemu;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Restores that start their QEMU themselves. */
class RestoreCommandTest extends QemuTest {

  @AfterEach
  void endWhatIsLeft() {
    children().forEach(ProcessHandle::destroyForcibly);
  }

  private static List<ProcessHandle> children() {
    return ProcessHandle.current().children().filter(ProcessHandle::isAlive).toList();
  }

  private Endpoint qmp() {
    return new Endpoint.Unix(directory.resolve("own.qmp"));
  }

  private List<String> command(TestedQemu version, GuestSpec spec) {
    return spec.with("-qmp", qmp() + ",server=on,wait=off")
        .command(version.binary(), directory, "restored");
  }

  private GuestRestore request(List<String> command) {
    return GuestRestore.of(file(), command);
  }

  private String saveGuest(TestedQemu version, GuestSpec spec) throws Exception {
    return haveSaved(version, spec, SaveFormat.MAPPED_RAM);
  }

  @ParameterizedTest
  @EnumSource
  void passesTheExitStatusOn(TestedQemu version) throws Exception {
    String saved = saveGuest(version, GuestSpec.small());
    try (RestoredGuest guest = restore(request(command(version, GuestSpec.small())))) {
      RunningQemu.assertGoesOn(saved, directory, "restored");
      try (QmpClient qmp = QmpClient.connect(qmp())) {
        qmp.execute("quit");
      }
      assertThat(guest.waitForExit()).isZero();
    }
  }

  @Test
  void killedBySignal() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small());
    try (RestoredGuest guest = restore(request(command))) {
      children().forEach(ProcessHandle::destroyForcibly);
      assertThat(guest.waitForExit()).isEqualTo(128 + 9);
    }
  }

  @Test
  void passesARequestToEndOn() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small());
    try (RestoredGuest guest = restore(request(command))) {
      assertThat(guest.terminate()).isZero();
      assertThat(children()).isEmpty();
    }
  }

  /** A shell that waits for QEMU does not pass signals on to it. */
  @Test
  void scriptThatDoesNotBecomeQemu() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    Path number = directory.resolve("number");
    Path script = directory.resolve("vm.sh");
    Files.writeString(script, "#!/bin/sh\n\"$@\" &\necho $! > '" + number + "'\nwait\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(command(TestedQemu.QEMU_7, GuestSpec.small()));
    try (RestoredGuest guest = restore(request(command))) {
      assertThat(isAlive(number)).isTrue();
      guest.terminate();
      RunningQemu.await("the end of QEMU", () -> !isAlive(number));
    }
    Files.delete(number);
    List<String> other = new ArrayList<>(List.of(script.toString()));
    other.addAll(command(TestedQemu.QEMU_7, GuestSpec.small().on("pc-q35-7.2")));
    assertThatThrownBy(() -> restore(request(other))).isInstanceOf(FixedRamException.class);
    assertThat(isAlive(number)).isFalse();
  }

  private static boolean isAlive(Path number) {
    try {
      long pid = Long.parseLong(Files.readString(number).strip());
      return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  AUTO,   MAPPED_RAM, LAZY,    true",
    "QEMU_7,  AUTO,   STREAM,     STREAM,  false",
    "QEMU_7,  STREAM, MAPPED_RAM, STREAM,  false",
    "QEMU_10, AUTO,   MAPPED_RAM, INSTANT, false",
    "QEMU_10, NATIVE, MAPPED_RAM, NATIVE,  false",
  })
  void starterIsToldWhetherTheGuestMayBeServed(
      TestedQemu version, RestoreMode mode, SaveFormat format, RestoreMode taken, boolean served)
      throws Exception {
    haveSaved(version, GuestSpec.small(), format);
    List<Boolean> told = new ArrayList<>();
    QemuStarter starter =
        (words, mayBeServed) -> {
          told.add(mayBeServed);
          return StartedQemu.of(new ProcessBuilder(words).inheritIO().start());
        };
    GuestRestore target =
        GuestRestore.of(file(), command(version, GuestSpec.small())).starter(starter);
    try (RestoredGuest guest = restore(target.mode(mode).inPlaceWithin(Duration.ZERO))) {
      assertThat(guest.awaitResident().mode()).isEqualTo(taken);
      assertThat(recorder.modes()).containsExactly(taken);
      assertThat(told).containsExactly(served);
      assertThat(recorder.warnings()).isEmpty();
      assertThat(guest.terminate()).isZero();
    }
  }

  @Test
  void starterThatFails() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    QemuStarter starter =
        (_, _) -> {
          throw new IOException("the scope is full");
        };
    assertThatThrownBy(() -> restore(startedBy(starter, GuestSpec.small())))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot start QEMU: the scope is full");
  }

  private GuestRestore startedBy(QemuStarter starter, GuestSpec spec) {
    List<String> command = command(TestedQemu.QEMU_7, spec);
    return GuestRestore.of(file(), command).starter(starter);
  }

  @Test
  void failureQuotesTheLog() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    Path log = directory.resolve("vm.log");
    QemuStarter starter = QemuStarter.logging(log);
    GuestSpec wrong = GuestSpec.small().with("-device", "none");
    assertThatThrownBy(() -> restore(startedBy(starter, wrong)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContainingAll("QEMU ended with status 1", "'none' is not a valid", "vm.log)");
    try (RestoredGuest guest = restore(startedBy(starter, GuestSpec.small()))) {
      assertThat(guest.terminate()).isZero();
    }
    assertThat(log).content().contains("terminating on signal 15");
  }

  @ParameterizedTest
  @CsvSource({"false, 1", "true, 0"})
  void stoppedByItsCommand(boolean paused, int warnings) throws Exception {
    saveGuest(TestedQemu.QEMU_10, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_10, GuestSpec.small().with("-S"));
    GuestRestore target = GuestRestore.of(file(), command);
    try (RestoredGuest guest = restore(paused ? target.paused() : target);
        QmpClient qmp = QmpClient.connect(qmp())) {
      assertThat(recorder.warnings()).hasSize(warnings).allMatch(each -> each.startsWith("-S "));
      assertThat(recorder.remedies()).filteredOn(Remedy.LEAVE_PAUSED::equals).hasSize(warnings);
      assertThat(qmp.execute("query-status").get("running").flag()).isEqualTo(!paused);
      assertThat(guest.terminate()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void qemuGoesOnWhenTheGuestIsClosed(TestedQemu version) throws Exception {
    String saved = saveGuest(version, GuestSpec.small());
    restore(request(command(version, GuestSpec.small()))).close();
    assertThat(children()).hasSize(1);
    long pid = children().getFirst().pid();
    RunningQemu.assertGoesOn(saved, directory, "restored");
    assertThat(Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/0"))).hasToString("/dev/null");
  }

  @Test
  void endsWithAMessageOfItsOwn() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small().with("-device", "none"));
    assertThatThrownBy(() -> restore(request(command)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("QEMU ended with status 1")
        .hasMessageContaining("its own output says why");
  }

  /** QEMU 7.2 exits when a stream has more than it knows, and aborts when a package has. */
  @Test
  void missingDeviceInQemu7() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small().with("-device", "vmgenid"));
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small());
    assertThatThrownBy(() -> restore(request(command)))
        .isInstanceOf(FixedRamException.class)
        .isNotInstanceOf(QemuGoneException.class)
        .hasMessageMatching("(?s)QEMU ended with status 1(34)? while it loaded .*");
    assertThat(children()).isEmpty();
  }

  @Test
  void missingDeviceInQemu10() throws Exception {
    saveGuest(TestedQemu.QEMU_10, GuestSpec.small().with("-device", "vmgenid"));
    List<String> command = command(TestedQemu.QEMU_10, GuestSpec.small());
    assertThatThrownBy(() -> restore(request(command)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("QEMU could not load " + file());
    assertThat(children()).isEmpty();
  }

  private void assertRefusedBeforeItLoads(
      TestedQemu version, GuestSpec saved, GuestSpec restored, String why) throws Exception {
    saveGuest(version, saved);
    List<String> command = command(version, restored);
    GuestRestore target = GuestRestore.of(file(), command);
    GuestRestore request = target.mode(RestoreMode.STREAM);
    Recorder restoring = new Recorder();
    assertThatThrownBy(() -> request.listener(restoring).run())
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining(why);
    assertThat(restoring.hasStarted()).as("load").isFalse();
    assertThat(children()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void missingPciDevice(TestedQemu version) throws Exception {
    assertRefusedBeforeItLoads(
        version,
        GuestSpec.small().with("-device", "virtio-rng-pci,addr=5"),
        GuestSpec.small().with("-device", "virtio-rng-pci,addr=6"),
        "the state of the device virtio-rng at PCI address 00:05.0, where this QEMU has none");
  }

  @ParameterizedTest
  @EnumSource
  void missingRamOfADevice(TestedQemu version) throws Exception {
    assertRefusedBeforeItLoads(
        version,
        GuestSpec.small().with("-device", "VGA"),
        GuestSpec.small(),
        "holds RAM block 0000:00:02.0/vga.vram (16 MiB), which this QEMU does not have");
  }

  @ParameterizedTest
  @EnumSource
  void otherRamOfADevice(TestedQemu version) throws Exception {
    assertRefusedBeforeItLoads(
        version,
        GuestSpec.small().with("-device", "VGA"),
        GuestSpec.small().with("-device", "VGA,vgamem_mb=32"),
        "holds 16 MiB of RAM block 0000:00:02.0/vga.vram, but this QEMU has 32 MiB of it");
  }

  @ParameterizedTest
  @EnumSource
  void memoryBackendOfAnotherName(TestedQemu version) throws Exception {
    GuestSpec one =
        GuestSpec.small()
            .with(
                "-object", "memory-backend-ram,id=one,size=64M", "-machine", "memory-backend=one");
    assertRefusedBeforeItLoads(
        version,
        one,
        GuestSpec.small(),
        "holds RAM block one (64 MiB), which this QEMU does not have");
  }

  @Test
  void anotherMachineType() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small().on("pc-q35-7.2"));
    assertThatThrownBy(() -> restore(request(command)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("-machine pc-i440fx-7.2");
    assertThat(children()).isEmpty();
  }

  @Test
  void cancelledBeforeItIsLoaded() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small());
    Cancellation cancellation = new Cancellation();
    recorder.atStart(cancellation::cancel);
    assertThatThrownBy(() -> request(command).listener(recorder).cancellation(cancellation).run())
        .isInstanceOf(CancelledException.class);
    assertThat(children()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-incoming", "--incoming", "-daemonize"})
  void refusesWordsOfItsOwn(String word) throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = new ArrayList<>(command(TestedQemu.QEMU_7, GuestSpec.small()));
    command.add(word);
    assertThatThrownBy(() -> restore(request(command)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining(word)
        .hasMessageContaining(": remove it")
        .satisfies(word.equals("-daemonize") ? Remedied.by(Remedy.DETACH_QEMU) : Remedied.by());
    assertThat(children()).isEmpty();
  }

  @Test
  void noSuchProgram() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = List.of(directory.resolve("no-qemu").toString());
    assertThatThrownBy(() -> restore(request(command)))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot start QEMU")
        .hasMessageContaining("no-qemu");
  }
}
