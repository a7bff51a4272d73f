// SPDX-License-Identifier: Apache-2.0
package io.fixedram.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SigningKeyTest {
  private static final UUID ID = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
  private static final byte[] TEXT = "fixedram\n".getBytes(StandardCharsets.US_ASCII);

  @TempDir private Path directory;

  private static byte[] secret(int length) {
    byte[] secret = new byte[length];
    for (int i = 0; i < length; i++) {
      secret[i] = (byte) i;
    }
    return secret;
  }

  private Path file(int length, String mode) throws IOException {
    Path file = directory.resolve("key");
    Files.deleteIfExists(file);
    Files.write(file, secret(length));
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  /** Computed by a program of its own, written after docs/format.md. */
  @Test
  void signaturesAreAsDocumented() throws IOException {
    byte[] signature =
        HexFormat.of().parseHex("476bafc68baee28fa1f3689b271e03ab36cf185d1d9e765b6cd9eec73b714a1c");
    SigningKey key = SigningKey.read(file(32, "rw-------"));
    assertThat(key.sign(ID, TEXT)).isEqualTo(signature);
    assertThat(key.hasSigned(ID, TEXT, signature)).isTrue();
    assertThat(key.hasSigned(new UUID(1, 2), TEXT, signature)).isFalse();
    assertThat(key.hasSigned(ID, new byte[0], signature)).isFalse();
    assertThat(key.hasSigned(ID, TEXT, new byte[0])).isFalse();
    signature[31] ^= 1;
    assertThat(key.hasSigned(ID, TEXT, signature)).isFalse();
    assertThat(SigningKey.of(secret(33)).sign(ID, TEXT)).isNotEqualTo(key.sign(ID, TEXT));
  }

  @Test
  void keysAreComparedAndNotShown() {
    assertThat(SigningKey.of(secret(32)))
        .isEqualTo(SigningKey.of(secret(32)))
        .hasSameHashCodeAs(SigningKey.of(secret(32)))
        .isNotEqualTo(SigningKey.of(new byte[32]))
        .hasToString("SigningKey of 32 bytes");
    byte[] secret = secret(32);
    SigningKey key = SigningKey.of(secret);
    secret[0]++;
    assertThat(key).isEqualTo(SigningKey.of(secret(32)));
  }

  @Test
  void lengths() throws IOException {
    assertThatThrownBy(() -> SigningKey.read(file(31, "rw-------")))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("has 31 bytes and must have 32 at least");
    assertThatThrownBy(() -> SigningKey.read(file((1 << 16) + 1, "rw-------")))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("has more than 65536 bytes");
    assertThat(SigningKey.read(file(1 << 16, "r--------"))).isNotNull();
    assertThatThrownBy(() -> SigningKey.of(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> SigningKey.read(directory.resolve("missing")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot read key file");
  }

  /** Who can read the secret can sign. */
  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw------x"})
  void filesOfOthersAreRefused(String mode) throws IOException {
    Path file = file(32, mode);
    assertThatThrownBy(() -> SigningKey.read(file))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("other users have access to key file " + file);
  }
}
