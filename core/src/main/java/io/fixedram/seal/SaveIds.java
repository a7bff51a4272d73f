// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.UUID;

/** Ids of new saves. */
public final class SaveIds {
  private static final long VERSION_4 = 0x4000;
  private static final long VERSION_BITS = 0xf000;
  private static final long VARIANT = 1L << 63;
  private static final long VARIANT_BITS = 3L << 62;

  private SaveIds() {}

  /**
   * A random UUID, directly from the kernel: Java's own generator takes a program that lives for a
   * second too long to start.
   */
  public static UUID random() {
    try (InputStream in = new FileInputStream("/dev/urandom")) {
      ByteBuffer bytes = ByteBuffer.wrap(in.readNBytes(2 * Long.BYTES));
      long high = bytes.getLong();
      long low = bytes.getLong();
      return new UUID((high & ~VERSION_BITS) | VERSION_4, (low & ~VARIANT_BITS) | VARIANT);
    } catch (IOException e) {
      return UUID.randomUUID();
    }
  }
}
