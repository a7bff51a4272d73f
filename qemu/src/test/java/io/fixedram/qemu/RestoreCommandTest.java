// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.process.SignalShield;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreRequest;
import io.fixedram.qemu.restore.RestoreTarget;
import io.fixedram.qemu.restore.RestoredGuest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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

  private RestoreRequest request(List<String> command, boolean detach) {
    return new RestoreRequest(
        file(), RestoreMode.AUTO, false, detach, new RestoreTarget.Command(command));
  }

  private String saveGuest(TestedQemu version, GuestSpec spec) throws Exception {
    return haveSaved(version, spec, SaveFormat.MAPPED_RAM);
  }

  @ParameterizedTest
  @EnumSource
  void passesTheExitStatusOn(TestedQemu version) throws Exception {
    String saved = saveGuest(version, GuestSpec.small());
    try (RestoredGuest guest = restore(request(command(version, GuestSpec.small()), false))) {
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
    try (RestoredGuest guest = restore(request(command, false))) {
      children().forEach(ProcessHandle::destroyForcibly);
      assertThat(guest.waitForExit()).isEqualTo(128 + 9);
    }
  }

  @Test
  void passesARequestToEndOn() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small());
    try (RestoredGuest guest = restore(request(command, false))) {
      assertThat(guest.forwardSignalAndWait()).isZero();
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
    try (RestoredGuest guest = restore(request(command, false))) {
      assertThat(isAlive(number)).isTrue();
      guest.forwardSignalAndWait();
      RunningQemu.await("the end of QEMU", () -> !isAlive(number));
    }
    Files.delete(number);
    List<String> other = new ArrayList<>(List.of(script.toString()));
    other.addAll(command(TestedQemu.QEMU_7, GuestSpec.small().on("pc-q35-7.2")));
    assertThatThrownBy(() -> restore(request(other, false))).isInstanceOf(FixedRamException.class);
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

  /** Those of SIGINT and SIGHUP in a process, of SigBlk of proc_pid_status(5). */
  private static boolean blocksTerminalSignals(long pid) throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
            .filter(each -> each.startsWith("SigBlk:"))
            .findFirst()
            .orElseThrow();
    long blocked = Long.parseUnsignedLong(line.substring("SigBlk:".length()).strip(), 16);
    long wanted = 1 << (1 - 1) | 1 << (2 - 1);
    return (blocked & wanted) == wanted;
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  AUTO,   MAPPED_RAM, LAZY,    true",
    "QEMU_7,  AUTO,   STREAM,     STREAM,  false",
    "QEMU_7,  STREAM, MAPPED_RAM, STREAM,  false",
    "QEMU_10, AUTO,   MAPPED_RAM, INSTANT, false",
    "QEMU_10, NATIVE, MAPPED_RAM, NATIVE,  false",
  })
  void blocksSignalsOnlyWhereTheGuestMayDependOnUs(
      TestedQemu version, RestoreMode mode, SaveFormat format, RestoreMode taken, boolean blocked)
      throws Exception {
    haveSaved(version, GuestSpec.small(), format);
    RestoreTarget target = new RestoreTarget.Command(command(version, GuestSpec.small()));
    try (RestoredGuest guest = restore(new RestoreRequest(file(), mode, false, false, target))) {
      assertThat(guest.report().mode()).isEqualTo(taken);
      assertThat(blocksTerminalSignals(children().getFirst().pid())).isEqualTo(blocked);
      assertThat(recorder.warnings()).isEmpty();
      assertThat(guest.forwardSignalAndWait()).isZero();
    }
  }

  @Test
  void tellsOfSignalsThatStayBlocked() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small().with("-device", "VGA"));
    try (RestoredGuest guest = restore(request(command, false))) {
      assertThat(guest.report().mode()).isEqualTo(RestoreMode.STREAM);
      assertThat(recorder.notes())
          .anyMatch(note -> note.contains("started with SIGINT and SIGHUP blocked"));
      assertThat(guest.forwardSignalAndWait()).isZero();
    }
  }

  @Test
  void noShield() {
    List<String> command = List.of("true");
    assertThat(SignalShield.before(command)).contains("--block-signal=INT");
    assertThat(SignalShield.before(command, List.of("env", "--no-such-option"))).isEmpty();
    assertThat(SignalShield.before(command, List.of(directory + "/none"))).isEmpty();
    assertThat(SignalShield.before(List.of(directory + "/none"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"false, 1", "true, 0"})
  void stoppedByItsCommand(boolean paused, int warnings) throws Exception {
    saveGuest(TestedQemu.QEMU_10, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_10, GuestSpec.small().with("-S"));
    RestoreTarget target = new RestoreTarget.Command(command);
    try (RestoredGuest guest =
            restore(new RestoreRequest(file(), RestoreMode.AUTO, paused, false, target));
        QmpClient qmp = QmpClient.connect(qmp())) {
      assertThat(recorder.warnings()).hasSize(warnings).allMatch(each -> each.startsWith("-S "));
      assertThat(qmp.execute("query-status").get("running").flag()).isEqualTo(!paused);
      assertThat(guest.forwardSignalAndWait()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void detachedQemuHasASessionOfItsOwn(TestedQemu version) throws Exception {
    String saved = saveGuest(version, GuestSpec.small());
    restore(request(command(version, GuestSpec.small()), true)).close();
    assertThat(children()).hasSize(1);
    long pid = children().getFirst().pid();
    RunningQemu.assertGoesOn(saved, directory, "restored");
    assertThat(Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/0"))).hasToString("/dev/null");
    for (int descriptor : new int[] {1, 2}) {
      assertThat(Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/" + descriptor)).toString())
          .as("descriptor " + descriptor)
          .doesNotStartWith("pipe:");
    }
    // Field 6 of proc_pid_stat(5), after the command's name.
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    assertThat(fields[6 - 3]).isEqualTo(Long.toString(pid));
  }

  @Test
  void endsWithAMessageOfItsOwn() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small().with("-device", "none"));
    assertThatThrownBy(() -> restore(request(command, false)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("QEMU ended with status 1")
        .hasMessageContaining("above");
  }

  /** QEMU 7.2 exits when a stream has more than it knows, and aborts when a package has. */
  @Test
  void missingDeviceInQemu7() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small().with("-device", "vmgenid"));
    List<String> command = command(TestedQemu.QEMU_7, GuestSpec.small());
    assertThatThrownBy(() -> restore(request(command, false)))
        .isInstanceOf(FixedRamException.class)
        .isNotInstanceOf(QemuGoneException.class)
        .hasMessageMatching("(?s)QEMU ended with status 1(34)? while it loaded .*");
    assertThat(children()).isEmpty();
  }

  @Test
  void missingDeviceInQemu10() throws Exception {
    saveGuest(TestedQemu.QEMU_10, GuestSpec.small().with("-device", "vmgenid"));
    List<String> command = command(TestedQemu.QEMU_10, GuestSpec.small());
    assertThatThrownBy(() -> restore(request(command, false)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("QEMU could not load " + file());
    assertThat(children()).isEmpty();
  }

  private void assertRefusedBeforeItLoads(
      TestedQemu version, GuestSpec saved, GuestSpec restored, String why) throws Exception {
    saveGuest(version, saved);
    List<String> command = command(version, restored);
    RestoreTarget target = new RestoreTarget.Command(command);
    RestoreRequest request = new RestoreRequest(file(), RestoreMode.STREAM, false, false, target);
    Recorder restoring = new Recorder();
    assertThatThrownBy(() -> GuestRestore.run(request, restoring, new Cancellation()))
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
    assertThatThrownBy(() -> restore(request(command, false)))
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
    assertThatThrownBy(() -> GuestRestore.run(request(command, false), recorder, cancellation))
        .isInstanceOf(CancelledException.class);
    assertThat(children()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-incoming", "--incoming", "-daemonize"})
  void refusesWordsOfItsOwn(String word) throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = new ArrayList<>(command(TestedQemu.QEMU_7, GuestSpec.small()));
    command.add(word);
    assertThatThrownBy(() -> restore(request(command, false)))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining(word)
        .hasMessageContaining("leave it out");
    assertThat(children()).isEmpty();
  }

  @Test
  void noSuchProgram() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small());
    List<String> command = List.of(directory.resolve("no-qemu").toString());
    assertThatThrownBy(() -> restore(request(command, false)))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot start QEMU")
        .hasMessageContaining("no-qemu");
  }
}
