// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fixed;

import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import java.nio.charset.StandardCharsets;

/**
 * A mark of 16 bytes directly behind a block's bitmap: wherever the bitmap has no bit, the block's
 * region of this file reads as zeros. Only files of this project have it. QEMU may leave old
 * content under clear bits in live saves; behind the bitmap it leaves a hole, which its loader does
 * not read.
 *
 * <p>With the mark, a lost bit can be told from a zero page. Files whose pages are aligned to less
 * than 1 MiB follow the proposal byte for byte and have no mark.
 */
public final class HolesMark {
  /** Length of the mark in bytes. */
  public static final int BYTES = 16;

  private static final byte[] TEXT = "fixedram holes 1".getBytes(StandardCharsets.US_ASCII);
  private static final long MIN_ALIGNMENT_BYTES = 1 << 20;

  private HolesMark() {}

  /**
   * Bytes reserved for the mark in a file with the given alignment of pages; 0 if such a file has
   * no mark.
   */
  public static int room(long alignmentBytes) {
    return alignmentBytes >= MIN_ALIGNMENT_BYTES ? BYTES : 0;
  }

  /** The bytes of the mark. */
  public static byte[] text() {
    return TEXT.clone();
  }

  /** File offset of a block's mark, if the block has one. */
  public static long position(BlockPlace place, int targetPageSize) {
    return place.bitmapOffset() + PageBitmap.fileBytes(place.block().usedLength() / targetPageSize);
  }

  /** Whether a block's fields leave room for a mark. */
  public static boolean fits(BlockPlace place, int targetPageSize) {
    return position(place, targetPageSize) + BYTES <= place.pagesOffset();
  }
}
