// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testkit.Launcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The memory of a command does not grow with the guest's. */
class MemoryBoundTest {
  private static final long MIN_MEBIBYTES = 20;
  private static final long MAX_MEBIBYTES = 192;

  private final Path directory;

  MemoryBoundTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @BeforeAll
  static void buildTheCommand() throws IOException, InterruptedException {
    Launcher.build();
  }

  @Test
  void guestOf64Gibibytes() throws IOException, InterruptedException {
    Path save = directory.resolve("save");
    LargeSave.write(save);
    Path other = directory.resolve("other");
    Path pipe = directory.resolve("pipe");
    assertBounded("convert", save, other, "--to", "fixed-ram");
    try (Launcher receive =
            Launcher.shell(
                directory,
                "mkfifo %1$s && exec %2$s receive --listen - --format mapped-ram %3$s <%1$s"
                    .formatted(pipe, Launcher.quoted(), directory.resolve("received")));
        Launcher send =
            Launcher.shell(
                directory,
                "until test -p %1$s; do sleep 0.1; done; exec %2$s convert %3$s - --to stream >%1$s"
                    .formatted(pipe, Launcher.quoted(), other))) {
      assertThat(receive.peakMebibytes()).isBetween(MIN_MEBIBYTES, MAX_MEBIBYTES);
      assertThat(send.result().status()).isZero();
    }
    assertThat(Files.size(directory.resolve("received"))).isEqualTo(Files.size(save));
  }

  private void assertBounded(Object... words) throws IOException, InterruptedException {
    try (Launcher launcher = Launcher.start(directory, words)) {
      assertThat(launcher.peakMebibytes()).isBetween(MIN_MEBIBYTES, MAX_MEBIBYTES);
    }
  }
}
