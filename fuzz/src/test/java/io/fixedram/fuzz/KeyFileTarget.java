// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.key.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** Files with a key. */
final class KeyFileTarget implements FuzzTarget {
  private final Path file;

  KeyFileTarget(Path directory) {
    this.file = directory.resolve("key");
  }

  @Override
  public String name() {
    return "key-file";
  }

  @Override
  public void read(byte[] input) throws IOException {
    if (!Files.exists(file)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.write(file, input);
    UUID id = new UUID(1, 2);
    byte[] signature = SigningKey.read(file).sign(id, input);
    if (!Arrays.equals(signature, SigningKey.of(input).sign(id, input))) {
      throw new AssertionError("another key than the file's bytes");
    }
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(new byte[SigningKey.MIN_BYTES], new byte[SigningKey.MIN_BYTES - 1]);
  }
}
