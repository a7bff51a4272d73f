// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A QEMU with a part of a guest in its memory does not outlive the restore that wrote it, even if
 * that is killed: another guest loaded there would have pages of the first.
 */
@Tag("qemu")
class KilledRestoreTest {
  private static final int MAX_KILLS = 8;
  private static final int WRITTEN_KIBIBYTES = 8 << 10;
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path directory;

  private Path save;
  private Path temporary;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  @BeforeEach
  void haveDirectory() throws IOException {
    save = directory.resolve("save");
    temporary = Files.createDirectory(directory.resolve("t"));
  }

  private List<String> haveSaved(TestedQemu version) throws IOException, InterruptedException {
    Path serial = directory.resolve("serial");
    List<String> command =
        Vm.command(version.binary(), Vm.image(directory, 192), 256, "file:" + serial);
    try (Vm vm = Vm.start(directory, "vm", command)) {
      Vm.awaitRound(serial, 2);
      Launcher.Result result =
          Launcher.run(directory, "save", "--qmp", vm.qmp(), "--stop", "--then", "quit", save);
      assertThat(result.status()).as(result.err()).isZero();
    }
    return command;
  }

  /** Starts a restore that leaves its temporary files where they are removed. */
  private Launcher restore(Object... words) throws IOException {
    String line =
        Stream.concat(Stream.of("restore", save, "--via", "memory"), Stream.of(words))
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" "));
    return Launcher.shell(
        directory,
        "export TMPDIR='"
            + temporary
            + "'; unset XDG_RUNTIME_DIR; exec "
            + Launcher.quoted()
            + " "
            + line);
  }

  @ParameterizedTest
  @EnumSource
  void qemuThatWaited(TestedQemu version) throws IOException, InterruptedException {
    List<String> command = haveSaved(version);
    boolean met = false;
    for (int i = 0; i < MAX_KILLS && !met; i++) {
      try (Vm vm = Vm.start(directory, "waits" + i, command, "-incoming", "defer");
          QmpClient client = QmpClient.connect(new Endpoint.Unix(vm.testQmp()));
          Launcher launcher = restore("--qmp", vm.qmp())) {
        met = killWhileItWrites(launcher, client);
        launcher.result();
        if (met) {
          awaitEnd(client);
          assertThat(vm.awaitEnd()).isTrue();
        }
      }
    }
    assertThat(met).as("a kill during the write").isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void qemuThatWasStarted(TestedQemu version) throws IOException, InterruptedException {
    List<String> command = haveSaved(version);
    boolean met = false;
    for (int i = 0; i < MAX_KILLS && !met; i++) {
      Path socket = directory.resolve("started" + i);
      Stream<String> words =
          Stream.of(
                  Stream.of("--"),
                  command.stream(),
                  Stream.of("-qmp", "unix:" + socket + ",server=on,wait=off"))
              .flatMap(each -> each);
      try (Launcher launcher = restore(words.toArray())) {
        try (QmpClient client = connected(launcher, socket)) {
          met = killWhileItWrites(launcher, client);
          if (met) {
            awaitEnd(client);
          } else {
            client.execute("quit");
          }
        }
        launcher.result();
      }
    }
    assertThat(met).as("a kill during the write").isTrue();
  }

  private static QmpClient connected(Launcher launcher, Path socket)
      throws IOException, InterruptedException {
    while (!Vm.listens(socket)) {
      assertThat(launcher.isRunning()).as(launcher.err()).isTrue();
      Thread.sleep(5);
    }
    return QmpClient.connect(new Endpoint.Unix(socket));
  }

  /**
   * Kills a restore in place once pages are in QEMU's memory.
   *
   * @return whether QEMU was not told to load yet; otherwise nothing is killed
   */
  private static boolean killWhileItWrites(Launcher launcher, QmpClient client)
      throws IOException, InterruptedException {
    int qemu = client.peerProcess().orElseThrow();
    while (launcher.isRunning()
        && launcher.descendants().stream().noneMatch(KilledRestoreTest::isGuard)) {
      Thread.sleep(1);
    }
    long before = residentKibibytes(qemu);
    while (launcher.isRunning() && residentKibibytes(qemu) < before + WRITTEN_KIBIBYTES) {
      Thread.sleep(1);
    }
    if (!launcher.isRunning()) {
      return false;
    }
    launcher.signal("STOP");
    boolean writes =
        client.execute("query-status").get("status").text().equals("inmigrate")
            && client.execute("query-migrate").findText("status").isEmpty();
    launcher.signal(writes ? "KILL" : "CONT");
    return writes;
  }

  private static boolean isGuard(ProcessHandle process) {
    return process.info().command().orElse("").contains("perl");
  }

  private static long residentKibibytes(int process) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + process + "/status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(0);
    }
  }

  private static void awaitEnd(QmpClient client) throws InterruptedException {
    long until = System.nanoTime() + SOON.toNanos();
    try {
      while (System.nanoTime() < until) {
        client.execute("query-status");
        Thread.sleep(20);
      }
    } catch (QemuGoneException e) {
      return;
    }
    throw new AssertionError("QEMU still waits, with a part of a guest in its memory");
  }
}
