// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultFileTest {
  @TempDir Path directory;

  @Test
  void replacesAnEarlierResultAsAWhole() throws IOException {
    Path file = Files.writeString(directory.resolve("result"), "earlier");
    Path link = Files.createSymbolicLink(directory.resolve("link"), file);
    Object inode = Files.getAttribute(file, "unix:ino");
    try (ResultFile result = ResultFile.prepare(link)) {
      assertThat(file).hasContent("earlier");
      result.write("new");
    }
    assertThat(file).hasContent("new");
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS)).isNotEqualTo(inode);
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder("result", "link");
  }

  @Test
  void leavesNothingWithoutAResult() {
    ResultFile.prepare(directory.resolve("result")).close();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void saysBeforeTheWorkThatItCannotBeWritten() {
    assertThatThrownBy(() -> ResultFile.prepare(directory.resolve("none/result")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot write");
  }

  @Test
  void writesToWhatIsNoFile() {
    try (ResultFile result = ResultFile.prepare(Path.of("/dev/null"))) {
      result.write("text");
    }
  }
}
