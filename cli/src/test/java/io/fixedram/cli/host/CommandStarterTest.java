// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.Reason;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.start.StartedQemu;
import io.fixedram.qemu.transfer.TransferListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandStarterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;

  /** A program that stands for QEMU, once it is what it is to be. */
  private static StartedQemu sleeping(CommandStarter starter, boolean served)
      throws InterruptedException {
    StartedQemu started = starter.start(List.of("sleep", "100"), served);
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!started
        .process()
        .info()
        .command()
        .filter(program -> program.endsWith("sleep") || program.endsWith("coreutils"))
        .isPresent()) {
      assertThat(System.nanoTime()).isLessThan(until);
      Thread.sleep(5);
    }
    return started;
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

  /** What a starter says of a guest that got into QEMU in a mode. */
  private static List<String> told(CommandStarter starter, RestoreMode mode) {
    List<String> sentences = new ArrayList<>();
    starter.tellOfSignals(
        mode,
        new TransferListener() {
          @Override
          public void note(Reason reason) {
            sentences.add("note: " + reason.sentence());
          }

          @Override
          public void warning(Reason reason) {
            sentences.add("warning: " + reason.sentence());
          }
        });
    return sentences;
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void blocksSignalsOnlyWhereTheGuestMayDependOnUs(boolean served) throws Exception {
    try (CommandStarter starter = CommandStarter.foreground(false)) {
      Process process = sleeping(starter, served).process();
      try {
        assertThat(blocksTerminalSignals(process.pid())).isEqualTo(served);
        assertThat(told(starter, RestoreMode.LAZY)).hasSize(served ? 0 : 1);
        if (served) {
          assertThat(told(starter, RestoreMode.STREAM))
              .singleElement()
              .asString()
              .startsWith("note: QEMU was started with SIGINT and SIGHUP blocked");
        } else {
          assertThat(told(starter, RestoreMode.LAZY).getFirst())
              .startsWith("warning: Ctrl-C on this terminal ends QEMU too");
          assertThat(told(starter, RestoreMode.STREAM)).isEmpty();
        }
      } finally {
        process.destroyForcibly();
      }
    }
  }

  @Test
  void saysNothingOfAQemuThatItHasNotStarted() {
    try (CommandStarter starter = CommandStarter.foreground(false)) {
      assertThat(told(starter, RestoreMode.LAZY)).isEmpty();
      assertThat(told(starter, RestoreMode.STREAM)).isEmpty();
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

  @Test
  void detachedHasASessionOfItsOwn() throws Exception {
    try (CommandStarter starter = CommandStarter.detached(false)) {
      Process process = sleeping(starter, true).process();
      try {
        long pid = process.pid();
        assertThat(Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/0")))
            .hasToString("/dev/null");
        for (int descriptor : new int[] {1, 2}) {
          assertThat(
                  Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/" + descriptor)).toString())
              .as("descriptor " + descriptor)
              .doesNotStartWith("pipe:");
        }
        // Field 6 of proc_pid_stat(5), after the command's name.
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        assertThat(fields[6 - 3]).isEqualTo(Long.toString(pid));
        assertThat(blocksTerminalSignals(pid)).isFalse();
        assertThat(told(starter, RestoreMode.LAZY)).isEmpty();
      } finally {
        process.destroyForcibly();
      }
    }
  }

  @Test
  void noSuchProgram() {
    try (CommandStarter starter = CommandStarter.foreground(false)) {
      assertThatThrownBy(() -> starter.start(List.of(directory + "/no-qemu"), true))
          .isInstanceOf(StorageException.class)
          .hasMessageContainingAll("cannot start QEMU: ", "/no-qemu");
    }
  }
}
