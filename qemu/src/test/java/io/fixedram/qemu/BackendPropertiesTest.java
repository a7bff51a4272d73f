// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.load.BackendProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that answer in other ways than QEMU does. */
@Timeout(30)
class BackendPropertiesTest {
  private static final String HELP = "echo '  offset=<int>'; echo '  rom=<OnOffAuto>'";

  @TempDir Path directory;

  private Path program(String script) throws IOException {
    Path program = directory.resolve("qemu-system-test");
    Files.writeString(program, "#!/bin/sh\n" + script + "\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    return program;
  }

  private static List<ProcessHandle> descendants() {
    return ProcessHandle.current().descendants().filter(ProcessHandle::isAlive).toList();
  }

  @Test
  void answers() throws IOException {
    try (BackendProperties properties = BackendProperties.ask(program(HELP))) {
      properties.require(new Cancellation());
    }
  }

  /** What it leaves behind keeps its output open. */
  @Test
  void answersAndLeavesAProcessBehind() throws IOException {
    try (BackendProperties properties =
        BackendProperties.ask(program("sleep 5 & " + HELP), Duration.ofSeconds(20))) {
      properties.require(new Cancellation());
    }
  }

  @Test
  void answersThroughAProcessThatStays() throws IOException {
    Path program = program("(" + HELP + "; sleep 60); exit 0");
    try (BackendProperties properties = BackendProperties.ask(program, Duration.ofMillis(300))) {
      assertThatThrownBy(() -> properties.require(new Cancellation()))
          .isInstanceOf(NotInstantException.class)
          .hasMessageContaining("does not tell");
    }
    RunningQemu.await("the end of all of it", () -> descendants().isEmpty());
  }

  @Test
  void lacksAProperty() throws IOException {
    try (BackendProperties properties = BackendProperties.ask(program("echo offset=1"))) {
      assertThatThrownBy(() -> properties.require(new Cancellation()))
          .isInstanceOf(NotInstantException.class)
          .hasMessageContaining("requires QEMU 8.2");
    }
  }

  @Test
  void isNotThere() {
    try (BackendProperties properties = BackendProperties.ask(directory.resolve("none"))) {
      assertThatThrownBy(() -> properties.require(new Cancellation()))
          .isInstanceOf(NotInstantException.class);
    }
  }
}
