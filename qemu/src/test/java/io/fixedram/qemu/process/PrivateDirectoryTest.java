// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;

class PrivateDirectoryTest {

  @Test
  void nobodyElseCanEnterItAndNothingStays() throws Exception {
    Path path;
    try (PrivateDirectory directory = PrivateDirectory.create()) {
      Path socket = directory.resolve("a-name-of-20-bytes--");
      path = socket.getParent();
      assertThat(Files.getPosixFilePermissions(path))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
      // sun_path of linux/un.h has 108 bytes with its NUL.
      assertThat(socket.toString().getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(108);
      Files.createFile(socket);
      Files.createFile(directory.resolve("other"));
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void whatIsGoneAlready() throws Exception {
    try (PrivateDirectory directory = PrivateDirectory.create()) {
      Files.delete(directory.resolve("x").getParent());
    }
  }
}
