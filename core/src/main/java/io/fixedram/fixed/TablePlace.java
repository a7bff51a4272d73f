// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fixed;

import io.fixedram.fingerprint.PrintKind;
import io.fixedram.layout.BlockPlace;
import java.util.OptionalLong;

/**
 * The place of a block's table of fingerprints in a file that fixedram writes: between the block's
 * bitmap and its pages, where no other reader looks (docs/format.md, "Sealed files").
 *
 * @param headOffset file offset of the table's head
 * @param tableOffset file offset of the fingerprint of the block's first page
 * @param tableBytes length of the table
 */
public record TablePlace(long headOffset, long tableOffset, long tableBytes) {
  /** Length of the head of a table. */
  public static final int HEAD_BYTES = 64;

  /**
   * Alignment of a table: the fingerprints of 1 MiB with pages of 4 KiB are one page of the cache.
   */
  public static final int ALIGNMENT_BYTES = 4096;

  private static final int HEAD_ALIGNMENT_BYTES = 64;

  /** The place of a table whose block has a bitmap at an offset, and a {@link HolesMark}. */
  static TablePlace after(long bitmapEnd, long pages, PrintKind prints) {
    long head = headOffset(bitmapEnd + HolesMark.BYTES);
    return new TablePlace(head, aligned(head + HEAD_BYTES), pages * prints.bytes());
  }

  /** The place of a block's table in a file that fixedram writes. */
  public static TablePlace of(BlockPlace place, int targetPageSize, PrintKind prints) {
    long bitmapEnd = HolesMark.position(place, targetPageSize);
    return after(bitmapEnd, place.block().usedLength() / targetPageSize, prints);
  }

  /** File offset of the head of a block's table, if it is between bitmap and pages. */
  public static OptionalLong headOf(BlockPlace place, int targetPageSize) {
    long head = headOffset(HolesMark.position(place, targetPageSize) + HolesMark.BYTES);
    return head + HEAD_BYTES <= place.pagesOffset() ? OptionalLong.of(head) : OptionalLong.empty();
  }

  private static long headOffset(long from) {
    return (from + HEAD_ALIGNMENT_BYTES - 1) & -HEAD_ALIGNMENT_BYTES;
  }

  /** The first offset of a table at or after an offset. */
  public static long aligned(long from) {
    return (from + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
  }

  /** File offset after the table. */
  public long end() {
    return tableOffset + tableBytes;
  }
}
