// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteStore;
import io.fixedram.fingerprint.PrintKind;
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
 * <p>The version of that of a signed file is 2.
 *
 * <p>It shows that the file has a footer, so that a file that lost it is not read without checks.
 */
public final class TableHead {
  /** Without the version: newer versions need a footer as well. */
  private static final byte[] RECOGNIZED = "fixedram table".getBytes(StandardCharsets.US_ASCII);

  private static final int TEXT_BYTES = 16;

  private TableHead() {}

  /** The bytes of a head. */
  public static byte[] of(UUID save, PrintKind prints, int block, long pages, long tableOffset) {
    return ByteBuffer.allocate(TablePlace.HEAD_BYTES)
        .put(RECOGNIZED)
        .put((" " + SealText.version(prints)).getBytes(StandardCharsets.US_ASCII))
        .putLong(save.getMostSignificantBits())
        .putLong(save.getLeastSignificantBits())
        .putInt(block)
        .putInt(prints.bytes())
        .putLong(pages)
        .putLong(tableOffset)
        .array();
  }

  /** Whether a head of any version is at an offset. */
  public static boolean isAt(ByteStore bytes, long offset) {
    return Arrays.equals(bytes.readFully(offset, RECOGNIZED.length), RECOGNIZED);
  }

  /** The id of the save that a head names, if one is there. */
  static UUID saveOf(byte[] head) {
    ByteBuffer buffer = ByteBuffer.wrap(head, TEXT_BYTES, 2 * Long.BYTES);
    return new UUID(buffer.getLong(), buffer.getLong());
  }
}
