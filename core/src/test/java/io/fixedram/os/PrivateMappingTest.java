// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateMappingTest {
  @Test
  void ordinaryFile(@TempDir Path directory) throws IOException {
    Path file = Files.write(directory.resolve("file"), new byte[10000]);
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ)) {
      PrivateMapping.probe(descriptor.number(), descriptor.path(), 4096);
    }
  }

  @Test
  void fileSystemWithoutMappings() {
    Path file = Path.of("/proc/self/status");
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ)) {
      assertThatThrownBy(() -> PrivateMapping.probe(descriptor.number(), descriptor.path(), 0))
          .isInstanceOf(StorageException.class)
          .hasMessageStartingWith("cannot map /proc/self/status into memory: ");
    }
  }
}
