// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** QEMUs that run as another user, or whose QMP is on a TCP port. */
class OtherConnectionsTest extends QemuTest {
  private static final Path SETPRIV = Path.of("/usr/bin/setpriv");

  /** This user's directories are closed to it, and so is a file of mode 0600. */
  @Test
  void qemuOfAnotherUserIsHandedDescriptors() throws Exception {
    Path open = directoryForNobody();
    try (RunningQemu source = startAsNobody(GuestSpec.small(), open, "source")) {
      source.awaitGeneration(3);
      save(request(source));
      assertThat(recorder.notes()).anyMatch(note -> note.contains("handed a connected descriptor"));
      GuestSpec incoming = GuestSpec.small().with("-incoming", "defer");
      try (RunningQemu target = startAsNobody(incoming, open, "restored")) {
        restore(target, RestoreMode.STREAM);
        target.assertGoesOnFrom(source);
      }
    }
  }

  /** Neither can reach the other's sockets, as if QEMU ran on another host. */
  @Test
  void qemuOutOfReach() throws Exception {
    Path open = directoryForNobody();
    Endpoint.Tcp qmp = freePort();
    GuestSpec spec = GuestSpec.small().with("-qmp", qmp + ",server=on,wait=off");
    try (RunningQemu source = startAsNobody(spec, open, "source")) {
      source.awaitGeneration(3);
      String settings = source.migrationSettings();
      GuestSave request = request(source);
      GuestSave overTcp = request(qmp, file());
      assertThatThrownBy(() -> save(overTcp))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("cannot connect to this process")
          .satisfies(Remedied.by(Remedy.RECEIVE_OVER_TCP));
      assertThat(source.migrationSettings()).isEqualTo(settings);
      assertNoFileLeft();
      source.assertGoesOn();
      save(request);
    }
    try (RunningQemu target = startAsNobody(spec.with("-incoming", "defer"), open, "restored")) {
      GuestRestore running = GuestRestore.of(file(), qmp);
      assertThatThrownBy(() -> restore(running))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("cannot be reached by a unix socket")
          .satisfies(Remedied.by(Remedy.SEND_OVER_TCP));
      assertThat(target.status()).isEqualTo("inmigrate");
    }
  }

  @Test
  void qemuThatMayNotUseUserfaultfd() throws Exception {
    Path allowed = Path.of("/proc/sys/vm/unprivileged_userfaultfd");
    assumeTrue(
        Files.exists(allowed) && Files.readString(allowed).strip().equals("0"),
        "this host lets everybody use userfaultfd");
    Path open = directoryForNobody();
    GuestSpec incoming = GuestSpec.small().with("-incoming", "defer");
    try (RunningQemu source = boot(TestedQemu.QEMU_7, GuestSpec.small())) {
      source.awaitGeneration(3);
      save(request(source).stopFirst());
      try (RunningQemu target = startAsNobody(incoming, open, "restored")) {
        assertThatThrownBy(() -> restore(target, RestoreMode.LAZY))
            .isInstanceOf(FixedRamException.class)
            .hasMessageContaining("sysctl vm.unprivileged_userfaultfd=1");
        assertThat(target.status()).isEqualTo("inmigrate");
        RestoreReport report = restore(target, RestoreMode.AUTO);
        assertThat(report.mode()).isEqualTo(RestoreMode.MEMORY);
        RunningQemu.assertGoesOn(source.serial(), open, "restored");
      }
    }
  }

  private Path directoryForNobody() throws IOException {
    assumeTrue(
        System.getProperty("user.name").equals("root") && Files.isExecutable(SETPRIV),
        "only root can start a QEMU as another user, with setpriv");
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    return open;
  }

  private static RunningQemu startAsNobody(GuestSpec spec, Path directory, String name)
      throws IOException {
    List<String> words = new ArrayList<>();
    words.addAll(
        List.of(SETPRIV.toString(), "--reuid=65534", "--regid=65534", "--clear-groups", "--"));
    words.addAll(spec.command(TestedQemu.QEMU_7.binary(), directory, name));
    return RunningQemu.start(words, directory, name);
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, STREAM", "QEMU_10, STREAM", "QEMU_10, NATIVE"})
  void qmpOverTcp(TestedQemu version, RestoreMode mode) throws Exception {
    Endpoint.Tcp qmp = freePort();
    GuestSpec spec = GuestSpec.small().with("-qmp", qmp + ",server=on,wait=off");
    String saved;
    try (RunningQemu source = boot(version, spec)) {
      source.awaitGeneration(3);
      save(request(qmp, file()).then(AfterSave.QUIT));
      source.process().waitFor();
      saved = source.serial();
    }
    try (RunningQemu target = waiting(version, spec)) {
      GuestRestore running = GuestRestore.of(file(), qmp);
      restore(running.mode(mode)).close();
      RunningQemu.assertGoesOn(saved, directory, "restored");
      assertThat(target.status()).isEqualTo("running");
    }
  }

  static Endpoint.Tcp freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new Endpoint.Tcp("127.0.0.1", socket.getLocalPort());
    }
  }
}
