// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory for a while. */
class ScratchDirectoryTest {
  @TempDir Path parent;

  @Test
  void goesWithAllThatIsInItAndNothingElse() throws IOException {
    Path outside = Files.createFile(parent.resolve("outside"));
    Path path;
    try (ScratchDirectory directory = ScratchDirectory.createIn(parent, "test")) {
      path = directory.path();
      assertThat(path).hasParent(parent).isDirectory();
      Files.createDirectories(directory.resolve("a/b"));
      Files.createFile(directory.resolve("a/b/c"));
      Files.createSymbolicLink(directory.resolve("link"), outside);
    }
    assertThat(path).doesNotExist();
    assertThat(outside).exists();
  }

  @Test
  void aParentThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> ScratchDirectory.createIn(parent.resolve("no"), "test"))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(parent.resolve("no").toString());
  }
}
