// SPDX-License-Identifier: Apache-2.0
package io.fixedram.key;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.UUID;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * A secret by which saves are signed: whoever does not have it can't make a file that is accepted
 * with it. It encrypts nothing. Each save has a key of its own, derived from the secret and the
 * save's id by HKDF-SHA256 (RFC 5869); docs/format.md, "Signed files", has the details. Immutable
 * and thread-safe.
 */
public final class SigningKey {
  /** Minimum length of a secret. */
  public static final int MIN_BYTES = 32;

  /** Maximum length of a secret. */
  public static final int MAX_BYTES = 1 << 16;

  /** Length of a signature: one of HMAC-SHA-256. */
  public static final int SIGNATURE_BYTES = 32;

  private static final int KEY_BYTES = 32;
  private static final String WRITER = "fixedram";
  private static final byte[] PURPOSE =
      (WRITER + " seal 2 signature").getBytes(StandardCharsets.US_ASCII);
  private static final int ACCESS_OF_OTHERS = 0077;
  private static final long ROOT = 0;

  private final byte[] secret;

  private SigningKey(byte[] secret) {
    this.secret = secret;
  }

  /**
   * A key of these bytes, which should be random.
   *
   * @throws IllegalArgumentException if there are fewer than {@link #MIN_BYTES} or more than {@link
   *     #MAX_BYTES}
   */
  public static SigningKey of(byte[] secret) {
    if (secret.length < MIN_BYTES || secret.length > MAX_BYTES) {
      throw new IllegalArgumentException("a key of " + secret.length + " bytes");
    }
    return new SigningKey(secret.clone());
  }

  /**
   * Reads a key from a file, all of whose bytes count, also a newline at its end. The file must
   * belong to this user or root, and nobody else may have access to it: whoever has the secret can
   * sign anything.
   *
   * @throws StorageException if the file can't be read
   * @throws FixedRamException if others have access to it, or it is too short or too long
   */
  public static SigningKey read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      requirePrivate(file);
      byte[] secret = in.readNBytes(MAX_BYTES + 1);
      if (secret.length < MIN_BYTES) {
        throw new FixedRamException(
            "key file "
                + file
                + " has "
                + secret.length
                + " bytes and must have "
                + MIN_BYTES
                + " at least: make one with 'head -c 32 /dev/urandom'");
      }
      if (secret.length > MAX_BYTES) {
        throw new FixedRamException(
            "key file " + file + " has more than " + MAX_BYTES + " bytes: it is no key");
      }
      return new SigningKey(secret);
    } catch (IOException e) {
      throw StorageException.of("cannot read key file " + file, e);
    }
  }

  private static void requirePrivate(Path file) throws IOException {
    if (Files.getAttribute(file, "unix:uid") instanceof Number owner
        && Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Number user
        && owner.longValue() != ROOT
        && owner.longValue() != user.longValue()) {
      throw new FixedRamException("key file " + file + " belongs to another user");
    }
    if (Files.getAttribute(file, "unix:mode") instanceof Number mode
        && (mode.intValue() & ACCESS_OF_OTHERS) != 0) {
      throw new FixedRamException(
          "other users have access to key file "
              + file
              + ": they could sign saves too; use chmod 600");
    }
  }

  /**
   * The signature of bytes that belong to a save.
   *
   * @param save the save's id
   */
  public byte[] sign(UUID save, byte[] bytes) {
    try {
      byte[] id =
          ByteBuffer.allocate(2 * Long.BYTES)
              .putLong(save.getMostSignificantBits())
              .putLong(save.getLeastSignificantBits())
              .array();
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(
          KDF.getInstance("HKDF-SHA256")
              .deriveKey(
                  "HmacSHA256",
                  HKDFParameterSpec.ofExtract()
                      .addIKM(secret)
                      .addSalt(id)
                      .thenExpand(PURPOSE, KEY_BYTES)));
      return mac.doFinal(bytes);
    } catch (GeneralSecurityException e) {
      throw new FixedRamException("this Java has no HKDF-SHA256 or no HMAC-SHA-256", e);
    }
  }

  /** Whether a signature is right; takes the same time however much of it is. */
  public boolean hasSigned(UUID save, byte[] bytes, byte[] signature) {
    return MessageDigest.isEqual(sign(save, bytes), signature);
  }

  /** Not the secret. */
  @Override
  public String toString() {
    return "SigningKey of " + secret.length + " bytes";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SigningKey key && MessageDigest.isEqual(secret, key.secret);
  }

  @Override
  public int hashCode() {
    // Nothing of the secret.
    return secret.length;
  }
}
