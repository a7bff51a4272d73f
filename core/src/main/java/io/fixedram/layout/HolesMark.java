// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import io.fixedram.guest.PageBitmap;
import java.nio.charset.StandardCharsets;

/**
 * 16 bytes right behind a block's bitmap that say: where the bitmap has no bit, the block's region
 * of this file is zeros. Nobody else's files have them: QEMU leaves old content under clear bits in
 * live saves, and a hole behind the bitmap, where its loader does not look.
 *
 * <p>So a bit that was lost is told from a page that is zero. Files whose pages are aligned to less
 * than 1 MiB are the proposal's to the byte, and have no mark.
 */
public final class HolesMark {
  /** Its length. */
  public static final int BYTES = 16;

  private static final byte[] TEXT = "fixedram holes 1".getBytes(StandardCharsets.US_ASCII);
  private static final long MIN_ALIGNMENT_BYTES = 1 << 20;

  private HolesMark() {}

  /** Room for it in a file whose pages are aligned so: nothing if it has none. */
  public static int room(long alignmentBytes) {
    return alignmentBytes >= MIN_ALIGNMENT_BYTES ? BYTES : 0;
  }

  /** The mark. */
  public static byte[] text() {
    return TEXT.clone();
  }

  /** File offset at which a block's mark stands, if it has one. */
  public static long position(BlockPlace place, int targetPageSize) {
    return place.bitmapOffset() + PageBitmap.fileBytes(place.block().usedLength() / targetPageSize);
  }

  /** Whether a block's fields leave room for a mark. */
  public static boolean fits(BlockPlace place, int targetPageSize) {
    return position(place, targetPageSize) + BYTES <= place.pagesOffset();
  }
}
