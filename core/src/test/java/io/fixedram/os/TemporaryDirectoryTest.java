// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemporaryDirectoryTest {
  private static final FileTime LONG_AGO = FileTime.from(Instant.EPOCH);

  @TempDir Path parent;

  @Test
  void goesWithAllThatIsInItAndNothingElse() throws IOException {
    Path outside = Files.createFile(parent.resolve("outside"));
    Path path;
    try (TemporaryDirectory directory = TemporaryDirectory.create(parent, "test-")) {
      path = directory.path();
      Files.createDirectories(path.resolve("a/b"));
      Files.createFile(path.resolve("a/b/c"));
      Files.createSymbolicLink(path.resolve("link"), outside);
    }
    assertThat(path).doesNotExist();
    assertThat(outside).exists();
  }

  @Test
  void whatAKilledProcessLeftGoesWithTheNext() throws IOException {
    Path left = directory("test-123");
    Files.createFile(left.resolve("file"));
    Path other = directory("test-other-123");
    Path fresh = Files.createDirectory(parent.resolve("test-124"));
    Path listened = directory("test-125");
    try (ServerSocketChannel _ = UnixListener.listen(listened.resolve("socket"), 1);
        TemporaryDirectory used = TemporaryDirectory.create(parent, "test-")) {
      for (Path path : new Path[] {left, listened, used.path()}) {
        Files.setLastModifiedTime(path, LONG_AGO);
      }
      TemporaryDirectory.create(parent, "test-").close();
      assertThat(left).doesNotExist();
      assertThat(other).exists();
      assertThat(fresh).exists();
      assertThat(listened).exists();
      assertThat(used.path()).exists();
    }
  }

  private Path directory(String name) throws IOException {
    return Files.createDirectory(parent.resolve(name));
  }
}
