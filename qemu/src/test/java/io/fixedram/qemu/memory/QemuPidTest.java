// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.HandedSocket;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.ProcessObstacle;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.TestedQemu;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which process a QEMU is, and who may look at it. */
class QemuPidTest extends MemoryTest {
  private static final Path SCOPE = Path.of("/proc/sys/kernel/yama/ptrace_scope");

  private static void assertRefused(
      Endpoint endpoint, Class<? extends MemoryObstacle> kind, String why) {
    try (QmpClient qmp = QmpClient.connect(endpoint)) {
      assertThatThrownBy(() -> QemuMemory.open(qmp, OptionalInt.empty()))
          .isInstanceOfSatisfying(
              ObstacleException.class, e -> assertThat(e.obstacle()).isInstanceOf(kind))
          .hasMessageContaining(why);
    }
  }

  @ParameterizedTest
  @EnumSource
  void processOfTheSocket(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().with("-smp", "3");
    try (RunningQemu qemu = boot(version, spec);
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuPid pid = QemuPid.of(qmp, OptionalInt.empty())) {
      assertThat(pid.id()).isEqualTo((int) qemu.process().pid());
      // QEMU 7.2 closes what it was handed only while the guest runs, as it does here.
      assertThat(qemu.observer().execute("query-fdsets").items()).isEmpty();
      assertThat(pid.process().isAlive()).isTrue();
      qemu.kill();
      assertThat(pid.process().isAlive()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void connectionOfAnotherKind(TestedQemu version) throws Exception {
    Endpoint.Tcp tcp;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      tcp = new Endpoint.Tcp("127.0.0.1", socket.getLocalPort());
    }
    GuestSpec spec = GuestSpec.small().with("-S", "-qmp", tcp + ",server=on,wait=off");
    try (RunningQemu qemu = boot(version, spec)) {
      assertThat(qemu.status()).isEqualTo("prelaunch");
      assertRefused(tcp, ProcessObstacle.NotLocal.class, "use a unix socket for its QMP");
    }
  }

  /** The socket is ours, and so is the process that the kernel tells. */
  @ParameterizedTest
  @EnumSource
  void somebodyInBetween(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small().with("-S"));
        UnixProxy proxy = UnixProxy.to(qemu.qmp(), directory.resolve("proxy"))) {
      assertRefused(
          proxy.endpoint(),
          ProcessObstacle.OtherProcess.class,
          "process " + ProcessHandle.current().pid() + ", which created the socket");
    }
  }

  @ParameterizedTest
  @EnumSource
  void socketThatSomebodyElseMade(TestedQemu version) throws Exception {
    Path socket = directory.resolve("handed");
    List<String> qemu = GuestSpec.small().with("-S").command(version.binary(), directory, "source");
    try (RunningQemu running =
        RunningQemu.start(HandedSocket.command(qemu, socket), directory, "source")) {
      Endpoint endpoint = new Endpoint.Unix(socket);
      assertRefused(
          endpoint, ProcessObstacle.OtherProcess.class, "is not the QEMU that answers there");
      int id = (int) running.process().pid();
      try (QmpClient qmp = QmpClient.connect(endpoint);
          QemuMemory memory = QemuMemory.open(qmp, OptionalInt.of(id))) {
        assertThat(memory.process().id()).isEqualTo(id);
        int ours = (int) ProcessHandle.current().pid();
        assertThatThrownBy(() -> QemuMemory.open(qmp, OptionalInt.of(ours)))
            .isInstanceOf(ObstacleException.class)
            .hasMessageContaining("process " + ours + " was given as the QEMU")
            .hasMessageContaining("has no thread ");
      }
    }
  }

  @Test
  void qemuOfAnotherUser() throws Exception {
    ForeignProgram program = ForeignProgram.in(directory);
    try (RunningQemu qemu = boot(TestedQemu.QEMU_7, GuestSpec.small().with("-S"))) {
      assertThat(program.run(ForeignProgram.AS_NOBODY, socket(qemu)))
          .startsWith(
              "OtherUser access to the memory of QEMU (process " + qemu.process().pid() + ")")
          .contains("it runs as user 0, and this program as user 65534");
      assertThat(program.run(List.of(), socket(qemu))).isEqualTo(ForeignReader.READ);
    }
  }

  /** Mode auto saves by stream what it may not read, and by memory what it may. */
  @Test
  void saveByThoseWhoMayNotRead() throws Exception {
    ForeignProgram program = ForeignProgram.in(directory);
    Path save = program.directory().resolve("guest.save");
    List<String> without = List.of("/usr/bin/setpriv", "--bounding-set", "-sys_ptrace");
    try (RunningQemu qemu = boot(TestedQemu.QEMU_7, GuestSpec.small())) {
      assertThat(program.run(ForeignProgram.AS_NOBODY, socket(qemu), save))
          .startsWith("stream OtherUser access to the memory of QEMU");
      qemu.observer().execute("cont");
      assertThat(program.run(without, socket(qemu), save))
          .startsWith("stream NotPermitted access to the memory of QEMU")
          .contains("a capability that it has and this program lacks");
      qemu.observer().execute("cont");
      assertThat(program.run(List.of(), socket(qemu), save)).isEqualTo("memory");
    }
  }

  private static Path socket(RunningQemu qemu) {
    return ((Endpoint.Unix) qemu.spareQmp()).path();
  }

  @Test
  void qemuOfTheSameUser() throws Exception {
    ForeignProgram program = ForeignProgram.in(directory);
    List<String> words = new ArrayList<>(ForeignProgram.AS_NOBODY);
    words.addAll(
        // Whose holes only a privileged reader can ask for.
        GuestSpec.small()
            .with("-S", "-object", "memory-backend-ram,id=ram,size=64M,share=on")
            .with("-machine", "memory-backend=ram")
            .command(TestedQemu.QEMU_7.binary(), program.directory(), "source"));
    boolean scope = Files.exists(SCOPE) && !Files.readString(SCOPE).strip().equals("0");
    try (RunningQemu qemu = RunningQemu.start(words, program.directory(), "source")) {
      assertThat(program.run(ForeignProgram.AS_NOBODY, socket(qemu)))
          .startsWith(scope ? "PtraceScope" : ForeignReader.READ);
    }
  }

  @Test
  void qemuThatHasChangedItsUser() throws Exception {
    ForeignProgram program = ForeignProgram.in(directory);
    GuestSpec spec = GuestSpec.small().with("-S", "-runas", "65534:65534");
    List<String> words = spec.command(TestedQemu.QEMU_7.binary(), program.directory(), "source");
    try (RunningQemu qemu = RunningQemu.start(words, program.directory(), "source")) {
      assertThat(program.run(ForeignProgram.AS_NOBODY, socket(qemu)))
          .startsWith("NotDumpable ")
          .contains("it has changed its user since it was started");
    }
  }

  @Test
  void qemuOutsideOfOurNamespace() throws Exception {
    ForeignProgram program = ForeignProgram.in(directory);
    try (RunningQemu qemu = boot(TestedQemu.QEMU_7, GuestSpec.small().with("-S"))) {
      List<String> aside = List.of("unshare", "--pid", "--fork", "--mount-proc");
      assertThat(program.run(aside, socket(qemu)))
          .startsWith("OtherPidNamespace ")
          .contains("is in another pid namespace");
    }
  }

  /** As one in a container whose socket is at hand. */
  @ParameterizedTest
  @EnumSource
  void qemuInANamespaceInside(TestedQemu version) throws Exception {
    ForeignProgram program = ForeignProgram.in(directory);
    List<String> words =
        new ArrayList<>(List.of("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"));
    words.addAll(
        GuestSpec.small().with("-S").command(version.binary(), program.directory(), "source"));
    try (RunningQemu qemu = RunningQemu.start(words, program.directory(), "source");
        QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty())) {
      assertThat(memory.process().id())
          .isNotEqualTo((int) qemu.process().pid())
          .isEqualTo((int) qemu.process().children().findFirst().orElseThrow().pid());
    }
  }

  /** The source of a postcopy migration is stopped in the middle, and its guest waits for pages. */
  @ParameterizedTest
  @EnumSource
  void guestThatIsNotThereYet(TestedQemu version) throws Exception {
    Path socket = directory.resolve("migration");
    try (RunningQemu source = boot(version, GuestSpec.small());
        RunningQemu target =
            RunningQemu.waiting(version, GuestSpec.small(), directory, "restored")) {
      source.awaitGeneration(3);
      for (RunningQemu each : List.of(source, target)) {
        each.switchOn("postcopy-ram");
      }
      source.setParameter("max-bandwidth", 1 << 20);
      source.setParameter("max-postcopy-bandwidth", 1 << 20);
      target.observer().execute("migrate-incoming", Map.of("uri", "unix:" + socket));
      source.observer().execute("migrate", Map.of("uri", "unix:" + socket));
      RunningQemu.await("pages", () -> migration(source).equals("active"));
      source.observer().execute("migrate-start-postcopy");
      RunningQemu.await("postcopy", () -> migration(target).equals("postcopy-active"));
      assertRefused(
          target.spareQmp(),
          MemoryObstacle.NotResident.class,
          "pc.ram has pages that have not arrived yet");
      source.setParameter("max-postcopy-bandwidth", 0);
      RunningQemu.await("the end", () -> migration(target).equals("completed"));
      try (QmpClient qmp = QmpClient.connect(target.spareQmp());
          QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty())) {
        memory.checkUnchanged();
      }
    }
  }

  private static String migration(RunningQemu qemu) {
    return qemu.observer().execute("query-migrate").findText("status").orElse("");
  }
}
