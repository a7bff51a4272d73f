// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteStore;
import io.fixedram.fixed.TablePlace;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/**
 * The head of a block's table of fingerprints, {@value TablePlace#HEAD_BYTES} bytes, big-endian:
 *
 * <pre>
 *   "fixedram table 1", id of the save, be32 index of the block, be32 bytes of a fingerprint,
 *   be64 pages, be64 offset of the table, be64 0
 * </pre>
 *
 * <p>It shows that the file has a footer, so that a file that lost it is not read without checks.
 */
public final class TableHead {
  private static final byte[] TEXT = "fixedram table 1".getBytes(StandardCharsets.US_ASCII);

  /** Without the version: newer versions need a footer as well. */
  private static final int RECOGNIZED_BYTES = TEXT.length - 2;

  private TableHead() {}

  /** The bytes of a head. */
  public static byte[] of(UUID save, int block, long pages, long tableOffset) {
    return ByteBuffer.allocate(TablePlace.HEAD_BYTES)
        .put(TEXT)
        .putLong(save.getMostSignificantBits())
        .putLong(save.getLeastSignificantBits())
        .putInt(block)
        .putInt(TablePlace.PRINT_BYTES)
        .putLong(pages)
        .putLong(tableOffset)
        .array();
  }

  /** Whether a head of any version is at an offset. */
  public static boolean isAt(ByteStore bytes, long offset) {
    byte[] found = bytes.readFully(offset, RECOGNIZED_BYTES);
    return Arrays.equals(found, Arrays.copyOf(TEXT, RECOGNIZED_BYTES));
  }

  /** The id of the save that a head names, if one is there. */
  static UUID saveOf(byte[] head) {
    ByteBuffer buffer = ByteBuffer.wrap(head, TEXT.length, 2 * Long.BYTES);
    return new UUID(buffer.getLong(), buffer.getLong());
  }
}
