// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cli.TinySave;
import io.fixedram.layout.SaveFormat;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A command that waits for others hears the signals that ask it to end. */
class WaitsTest {
  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  /** Starts a command with a pipe for one of its standard streams that nobody reads or writes. */
  private Launcher start(String command, boolean full, String stream) throws IOException {
    TinySave.write(directory.resolve("save"), SaveFormat.MAPPED_RAM);
    return Launcher.shell(
        directory,
        "cd '"
            + directory
            + "' && mkfifo pipe && exec 7<>pipe && "
            + (full ? "head -c 65536 /dev/zero >&7 && " : "")
            + "exec env --default-signal=INT,TERM "
            + Launcher.quoted()
            + " "
            + command
            + " "
            + stream
            + "&7");
  }

  private Result interrupt(Launcher launcher, String signal)
      throws IOException, InterruptedException {
    // A signal that comes before the wait is heard as well.
    Thread.sleep(2000);
    assertThat(launcher.isRunning()).as(launcher.err()).isTrue();
    launcher.signal(signal);
    return launcher.result();
  }

  @ParameterizedTest
  @CsvSource({
    "convert save - --to stream, INT",
    "send save --connect -, TERM",
    "info save, TERM",
    "--help, INT",
  })
  void standardOutputThatNobodyReads(String command, String signal)
      throws IOException, InterruptedException {
    try (Launcher launcher = start(command, true, ">")) {
      Result result = interrupt(launcher, signal);
      assertThat(result.status()).as(result.err()).isEqualTo(130);
      assertThat(result.err()).startsWith("fixedram: ").hasLineCount(1);
    }
  }

  @Test
  void standardErrorThatNobodyReads() throws IOException, InterruptedException {
    try (Launcher launcher = start("info missing", true, "2>")) {
      assertThat(interrupt(launcher, "TERM").status()).isEqualTo(1);
    }
  }

  /** Nor is the file that is complete then kept from its name, or from being told of. */
  @Test
  void resultThatNobodyReads() throws IOException, InterruptedException {
    try (Launcher launcher = start("convert save target --to stream", true, ">")) {
      Result result = interrupt(launcher, "TERM");
      assertThat(result.status()).isEqualTo(130);
      assertThat(result.err())
          .isEqualTo(
              "fixedram: target is complete, but the result cannot be written to standard output:"
                  + " nobody reads it\n");
    }
    assertThat(directory.resolve("target")).isRegularFile();
  }

  @ParameterizedTest
  @CsvSource({
    "convert - target --to mapped-ram, INT",
    "receive target --listen -, TERM",
  })
  void standardInputThatNobodyWrites(String command, String signal)
      throws IOException, InterruptedException {
    try (Launcher launcher = start(command, false, "<")) {
      Result result = interrupt(launcher, signal);
      assertThat(result.err()).isEqualTo("fixedram: interrupted, and everything put back\n");
      assertThat(result.status()).isEqualTo(130);
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).noneMatch(path -> path.toString().contains("target"));
    }
  }
}
