// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a QEMU that restore starts has of terminal, signals and standard streams. */
@Tag("qemu")
class ForegroundTest {
  private static final int RAM_MIB = 64;
  private static final int USED_MIB = 16;

  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    TestedQemu.any();
    Launcher.build();
  }

  private Path place() throws IOException {
    return Files.createDirectories(directory.resolve("saves"));
  }

  private List<String> command(Path qemu, String name) throws IOException {
    Path image = Vm.image(directory, USED_MIB);
    return Vm.command(qemu, image, RAM_MIB, "file:" + directory.resolve(name + ".txt"));
  }

  private Path saved(Path qemu) throws IOException, InterruptedException {
    Path file = place().resolve("vm.fram");
    try (Vm vm = Vm.start(directory, "vm", command(qemu, "vm"))) {
      Vm.awaitRound(directory.resolve("vm.txt"), 2);
      Result save = Launcher.run(place(), "save", "--qmp", vm.qmp(), file, "--then", "quit");
      assertThat(save.status()).as(save.err()).isZero();
    }
    return file;
  }

  private Launcher restore(Path file, String mode, List<String> command) throws IOException {
    List<Object> words = new ArrayList<>(List.of("restore", "-v", file, "--via", mode, "--"));
    words.addAll(command);
    words.addAll(List.of("-pidfile", directory.resolve("pid")));
    return Launcher.start(place(), words.toArray());
  }

  private static void awaitRestored(Launcher restore) throws IOException, InterruptedException {
    long until = System.nanoTime() + 60_000_000_000L;
    while (!restore.err().contains("\nrestored ")) {
      assertThat(restore.isRunning() && System.nanoTime() < until).as(restore.err()).isTrue();
      Thread.sleep(20);
    }
  }

  private boolean blocksTerminalSignals() throws IOException {
    String pid = Files.readString(directory.resolve("pid")).strip();
    String line =
        Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
            .filter(each -> each.startsWith("SigBlk:"))
            .findFirst()
            .orElseThrow();
    // Bits of SIGHUP and SIGINT.
    return (Long.parseUnsignedLong(line.substring("SigBlk:".length()).strip(), 16) & 3) == 3;
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  lazy,    lazy,    true",
    "QEMU_7,  stream,  stream,  false",
    "QEMU_10, instant, instant, false",
    "QEMU_10, native,  native,  false",
  })
  void blocksSignalsOnlyWhereTheGuestMayDependOnUs(
      TestedQemu program, String mode, String taken, boolean blocked)
      throws IOException, InterruptedException {
    Path qemu = program.binary();
    Path file = saved(qemu);
    try (Launcher restore = restore(file, mode, command(qemu, "copy"))) {
      awaitRestored(restore);
      assertThat(restore.err())
          .contains("\nrestored " + file + " via " + taken)
          .doesNotContain("warning:", "SIGINT");
      assertThat(blocksTerminalSignals()).isEqualTo(blocked);
      restore.signal("TERM");
      assertThat(restore.result().status()).isZero();
    }
  }

  @Test
  void tellsOfSignalsThatStayBlocked() throws IOException, InterruptedException {
    Path qemu = TestedQemu.QEMU_7.binary();
    Path file = saved(qemu);
    // Its memory can be served, until the device is seen.
    List<String> command = with(command(qemu, "copy"), "-device", "VGA");
    try (Launcher restore = restore(file, "auto", command)) {
      awaitRestored(restore);
      assertThat(restore.err()).contains("started with SIGINT and SIGHUP blocked");
    }
  }

  private static List<String> with(List<String> command, String... words) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(words));
    return all;
  }

  @Test
  void messageOfADetachedQemuIsInTheFailure() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    Path file = saved(qemu);
    List<Object> words = new ArrayList<>(List.of("restore", file, "--detach", "--"));
    words.addAll(with(command(qemu, "copy"), "-device", "none"));
    try (Launcher restore =
        Launcher.shell(
            place(),
            Launcher.quoted()
                + " "
                + String.join(" ", words.stream().map(each -> "'" + each + "'").toList())
                + " 2>&1 | cat")) {
      assertThat(restore.result().out())
          .contains("QEMU ended with status 1 before it could be talked to: ")
          .contains("'none' is not a valid");
    }
  }
}
