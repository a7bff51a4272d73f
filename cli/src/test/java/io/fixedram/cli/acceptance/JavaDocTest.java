// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The programs for VM managers on the page run as it says, with real QEMUs. */
@Tag("qemu")
class JavaDocTest {
  private static final int MAX_WORKING_LINES = 12;
  private static final int RAM_MIB = 64;
  private static final int USED_MIB = 16;

  @TempDir Path directory;

  private Path place;
  private DocPage page;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    TestedQemu.any();
    Launcher.build();
  }

  @BeforeEach
  void copyPrograms() throws IOException {
    place = Files.createDirectory(directory.resolve("place"));
    page = DocPage.read("docs/java.md");
    page.writeTo(place);
  }

  @Test
  void programsAreShort() {
    assertThat(page.programs()).containsExactly("Save", "Restore", "Clone", "Why");
    assertThat(page.commands()).hasSize(1 + page.programs().size());
    assertThat(page.programs())
        .allSatisfy(name ->
            assertThat(page.program(name).stream().filter(JavaDocTest::works))
                .as(name)
                .hasSizeBetween(3, MAX_WORKING_LINES));
  }

  /** Whether a line of a program does something. */
  private static boolean works(String line) {
    return !line.isBlank() && !line.matches("import .*|class .*|  static void main.*|[ })]*");
  }

  /** Runs a program of the page as it says there, with other arguments. */
  private Launcher run(String name, List<String> arguments) throws IOException {
    String source = name + ".java";
    String shown =
        page.commands().stream().filter(line -> line.contains(source)).findFirst().orElseThrow();
    String words =
        shown.substring(0, shown.indexOf(source) + source.length())
            + " '"
            + String.join("' '", arguments)
            + "'";
    return Launcher.shell(place, page.shell(place, "exec " + words));
  }

  private List<String> command(Path qemu, String serial) throws IOException {
    return Vm.command(
        qemu, Vm.image(directory, USED_MIB), RAM_MIB, "file:" + directory.resolve(serial));
  }

  /** Saves a guest as the page shows. */
  private void save(Path qemu) throws IOException, InterruptedException {
    try (Vm vm = Vm.start(place, "vm", command(qemu, "first"))) {
      Vm.awaitRound(directory.resolve("first"), 2);
      try (Launcher save = run("Save", List.of("vm.qmp", "vm.fram"))) {
        Result result = save.result();
        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.out()).matches("saved [0-9]+ bytes of RAM, [0-9]+ on disk\n");
      }
      assertThat(vm.awaitEnd()).isTrue();
    }
    assertThat(place.resolve("vm.fram")).isRegularFile();
  }

  /** Restores the guest with a program of the page, lets it go on, and ends it. */
  private String restore(String name, Path qemu, String log)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("vm.fram"));
    words.addAll(command(qemu, "second"));
    Path socket = place.resolve("test.qmp");
    words.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    try (Launcher restore = run(name, words)) {
      long until = System.nanoTime() + 60_000_000_000L;
      while (!restore.out().contains(log)) {
        assertThat(restore.isRunning() && System.nanoTime() < until).as(restore.err()).isTrue();
        Thread.sleep(20);
      }
      Vm.awaitRound(second, Vm.round(first) + 2);
      try (QmpClient client = QmpClient.connect(new Endpoint.Unix(socket))) {
        client.execute("quit");
      }
      Result result = restore.result();
      assertThat(result.status()).as(result.err()).isZero();
      SerialReport all = SerialReport.of(Files.readString(first) + Files.readString(second));
      assertThat(all.firstBad()).isEmpty();
      assertThat(all.consecutive()).isTrue();
      return result.out();
    }
  }

  @ParameterizedTest
  @EnumSource(TestedQemu.class)
  void guestIsSavedAndRestored(TestedQemu program) throws IOException, InterruptedException {
    save(program.binary());
    assertThat(restore("Restore", program.binary(), "all of it is there").lines())
        .containsExactly(
            "the guest is running", "all of it is there: MEMORY", "QEMU ended with status 0");
    assertThat(place.resolve("vm.log")).isRegularFile();
  }

  @Test
  void cloneIsStartedByItsProgram() throws IOException, InterruptedException {
    Path qemu = TestedQemu.QEMU_10.binary();
    save(qemu);
    assertThat(restore("Clone", qemu, "a clone runs"))
        .matches("a clone runs after [0-9.E-]+ s\nQEMU ended with status 0\n");
  }

  @Test
  void obstaclesAreToldApart() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    save(qemu);
    List<String> words = new ArrayList<>(List.of("vm.fram"));
    words.addAll(command(qemu, "second"));
    words.addAll(
        List.of(
            "-object",
            "memory-backend-ram,id=m,share=on,size=" + RAM_MIB + "M",
            "-machine",
            "memory-backend=m"));
    try (Launcher why = run("Why", words)) {
      Result result = why.result();
      assertThat(result.status()).as(result.err()).isZero();
      assertThat(result.out()).isEqualTo("not shared: m\n");
    }
  }
}
