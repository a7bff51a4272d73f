// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.command.ExitStatus;
import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.SaveInfo;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the guest inside the demo's process is set and served. */
@Timeout(120)
class DemoCommandTest {

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "multifd, 'Directly mapped memory incompatible with multifd'",
    "xbzrle=on, 'Directly mapped memory incompatible with xbzrle'",
    "compress, 'Directly mapped memory incompatible with compression'",
    "postcopy-ram, 'Directly mapped memory incompatible with postcopy ram'",
    "background-snapshot, 'Directly mapped memory incompatible with background-snapshot'",
    "mapped-ram, 'choose one'",
    "fixed-ram=off, 'leave fixed-ram on, or switch mapped-ram on'",
    "x-fixed-ram=off, 'leave fixed-ram on, or switch mapped-ram on'",
    "pause-before-switchover, 'add --serve PATH'",
    "auto-converge, 'this engine has no auto-converge: switch the capability off'",
  })
  void refusesWhatDoesNotGoTogether(String capability, String words) {
    Run run = Run.of("demo", "--ram", "16", "--capability", capability);
    assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
    assertThat(run.err()).contains(words).hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({
    "capability, no-such, 'there is no capability no-such'",
    "capability, xbzrle=maybe, 'a capability is on or off'",
    "parameter, no-such=1, 'there is no parameter no-such'",
    "parameter, max-bandwidth, 'give NAME=NUMBER'",
    "parameter, max-bandwidth=1G, 'give NAME=NUMBER'",
    "serve, tcp:localhost:1, 'takes a unix socket'",
    "serve, -, 'takes a unix socket'",
  })
  void refusesWhatIsNoSetting(String option, String value, String words) {
    Run run = Run.of("demo", "--" + option, value);
    assertThat(run.status()).isEqualTo(ExitStatus.USAGE);
    assertThat(run.err()).contains("--" + option, words).hasLineCount(1);
  }

  @Test
  void parametersAreChecked() {
    Run run = Run.of("demo", "--parameter", "downtime-limit=2000001");
    assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
    assertThat(run.err()).contains("downtime-limit must be 0 to 2000000 milliseconds");
    Run endless = Run.of("demo", "--parameter", "x-max-passes=0");
    assertThat(endless.status()).isEqualTo(ExitStatus.FAILED);
    assertThat(endless.err()).contains("give x-max-passes=1 or more").hasLineCount(1);
  }

  /** From one command line to the other, through the socket that a QEMU would have. */
  @Test
  void servesAGuestThatSaveSaves() throws Exception {
    Path socket = directory.resolve("qmp");
    CompletableFuture<Run> demo =
        CompletableFuture.supplyAsync(() ->
            Run.of(
                "demo",
                "--ram",
                "16",
                "--serve",
                "unix:" + socket,
                "--capability",
                "events",
                "--parameter",
                "downtime-limit=20"));
    try (QmpClient client = connect(socket)) {
      assertThat(client.execute("query-migrate-parameters").get("downtime-limit").number())
          .isEqualTo(20);
    }
    Path file = directory.resolve("save");
    Run save =
        Run.of(
            "save",
            "--qmp",
            socket.toString(),
            "--via",
            "stream",
            "--format",
            "fixed-ram",
            "--no-sync",
            "--then",
            "quit",
            file.toString());
    assertThat(save.err()).isEmpty();
    assertThat(save.status()).isZero();
    Run served = demo.get(60, TimeUnit.SECONDS);
    assertThat(served.status()).isZero();
    assertThat(served.out()).isEqualTo("a guest is served at " + socket + "\n");
    assertThat(socket).doesNotExist();
    SaveInfo info = SaveInfo.of(file);
    assertThat(info.format()).isEqualTo(SaveFormat.FIXED_RAM);
    assertThat(info.blocks().getFirst().name()).isEqualTo("embedded.ram");
    assertThat(info.blocks().getFirst().present()).isPositive();
  }

  /** A socket's file is there a moment before it listens. */
  private static QmpClient connect(Path socket) throws InterruptedException {
    for (int i = 0; ; i++) {
      try {
        return QmpClient.connect(new Endpoint.Unix(socket));
      } catch (FixedRamException e) {
        assertThat(i).as(e.getMessage()).isLessThan(3000);
        Thread.sleep(10);
      }
    }
  }
}
