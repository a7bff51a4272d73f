// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest that a save has stopped, or saves while it runs, runs on even if the save is killed. */
@Tag("qemu")
class KilledSaveTest {
  private static final int KILLS = 16;
  private static final long SEED = 20261128;

  /** From the start of the command to its end, about. */
  private static final int MAX_DELAY_MILLIS = 1200;

  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  @ParameterizedTest
  @EnumSource
  void guestRunsOn(TestedQemu version) throws IOException, InterruptedException {
    Path serial = directory.resolve("serial");
    List<String> command =
        Vm.command(version.binary(), Vm.image(directory, 192), 256, "file:" + serial);
    Random random = new Random(SEED);
    int killedWhileStopped = 0;
    try (Vm vm = Vm.start(directory, "vm", command);
        QmpClient client = QmpClient.connect(new Endpoint.Unix(vm.testQmp()))) {
      Vm.awaitRound(serial, 2);
      for (int i = 0; i < KILLS; i++) {
        boolean stopped;
        Path save = directory.resolve("save" + i);
        List<Object> words = new ArrayList<>(List.of("save", "--qmp", vm.qmp(), "--via", "memory"));
        words.addAll(List.of("--then", i % 4 < 2 ? "resume" : "pause", save));
        if (i % 8 < 4) {
          words.add("--stop");
        }
        try (Launcher launcher = Launcher.start(directory, words.toArray())) {
          stopped = i % 2 == 0 ? awaitStop(client, launcher) : delay(random);
          launcher.signal("KILL");
          // Closing it would end the guard too, if that could still be told for its own.
          launcher.result();
        }
        killedWhileStopped += stopped ? 1 : 0;
        vm.await("the guard to end", () -> guards(vm.qmp()) == 0);
        if (!isRunning(client)) {
          // It was to stay stopped, and the save had succeeded.
          assertThat(i % 4).isGreaterThanOrEqualTo(2);
          assertThat(save).exists();
          client.execute("cont");
        }
      }
    }
    assertThat(killedWhileStopped).as("kills that met a stopped guest").isPositive();
  }

  private static boolean delay(Random random) throws InterruptedException {
    Thread.sleep(random.nextInt(MAX_DELAY_MILLIS));
    return false;
  }

  /** Whether the guest was seen to stand still before the command ended. */
  private static boolean awaitStop(QmpClient client, Launcher launcher) {
    while (launcher.isRunning()) {
      if (!isRunning(client)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isRunning(QmpClient client) {
    return client.execute("query-status").get("running").flag();
  }

  /** Programs that wait for the end of a save from this socket. */
  private static long guards(Path qmp) {
    return ProcessHandle.allProcesses()
        .map(each -> each.info().commandLine().orElse(""))
        .filter(line -> line.contains("perl") && line.contains(qmp.toString()))
        .count();
  }
}
