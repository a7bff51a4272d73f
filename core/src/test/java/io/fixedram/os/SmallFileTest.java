// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmallFileTest {
  @TempDir Path directory;

  @Test
  void aTextUpToTheLimit() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "0123456789");
    assertThat(SmallFile.text(file, 10, US_ASCII)).isEqualTo("0123456789");
    assertThatThrownBy(() -> SmallFile.text(file, 9, US_ASCII))
        .isInstanceOf(IOException.class)
        .hasMessage(file + " has more than 9 bytes");
    assertThat(SmallFile.text(Files.createFile(directory.resolve("e")), 0, US_ASCII)).isEmpty();
  }

  /** It never ends. */
  @Test
  void aDevice() {
    assertThatThrownBy(() -> SmallFile.text(Path.of("/dev/zero"), 1000, US_ASCII))
        .isInstanceOf(IOException.class);
  }

  @Test
  void theEndOfAText() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "0123456789");
    assertThat(SmallFile.end(file, 4, US_ASCII)).isEqualTo("6789");
    assertThat(SmallFile.end(file, 10, US_ASCII)).isEqualTo("0123456789");
    assertThat(SmallFile.end(file, 100, US_ASCII)).isEqualTo("0123456789");
  }
}
