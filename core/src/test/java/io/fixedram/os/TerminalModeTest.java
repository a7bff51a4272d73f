// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Modes of a real terminal: /dev/ptmx is one whose mode can be asked and set by itself. */
class TerminalModeTest {
  private int terminal;

  @TempDir Path directory;

  @BeforeEach
  void open() {
    terminal = SystemCalls.linux().open("/dev/ptmx", Linux.O_RDWR | Linux.O_CLOEXEC, 0);
    assertThat(terminal).isNotNegative();
  }

  @AfterEach
  void close() {
    SystemCalls.linux().close(terminal);
  }

  private String settings() throws IOException, InterruptedException {
    return stty("-g");
  }

  private String stty(String argument) throws IOException, InterruptedException {
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(List.of("stty", argument))
            .redirectInput(slave().toFile())
            .redirectOutput(output.toFile())
            .redirectErrorStream(true)
            .start();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    return Files.readString(output);
  }

  private Path slave() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
      // asm-generic/ioctls.h: TIOCSPTLCK with 0 unlocks it, TIOCGPTN tells its number.
      assertThat(Native.call(Linux.SYS_IOCTL, terminal, 0x40045431, Native.address(number)))
          .isZero();
      assertThat(Native.call(Linux.SYS_IOCTL, terminal, 0x80045430L, Native.address(number)))
          .isZero();
      return Path.of("/dev/pts/" + number.get(ValueLayout.JAVA_INT, 0));
    }
  }

  @Test
  void whatAProgramChangedIsPutBack() throws Exception {
    TerminalMode before = TerminalMode.of(terminal).orElseThrow();
    String settings = settings();
    stty("raw");
    assertThat(settings()).isNotEqualTo(settings);
    before.restore();
    assertThat(settings()).isEqualTo(settings);
  }

  @Test
  void noTerminal() {
    int file = SystemCalls.linux().open("/dev/null", Linux.O_RDONLY | Linux.O_CLOEXEC, 0);
    assertThat(TerminalMode.of(file)).isEmpty();
    SystemCalls.linux().close(file);
  }

  @Test
  void terminalThatIsGoneIsLeftAlone() {
    TerminalMode before = TerminalMode.of(terminal).orElseThrow();
    SystemCalls.linux().close(terminal);
    before.restore();
    open();
  }
}
