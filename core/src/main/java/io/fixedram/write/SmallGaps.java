// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import java.util.BitSet;
import java.util.function.IntPredicate;

/**
 * Decides which zero pages are written together with the pages around them. A page of 4 KiB takes a
 * disk as much time to write alone as some 20 KiB that follow each other, so that a guest with a
 * zero page after each page of content is written faster over its zero pages, in one large write.
 *
 * <p>This is limited, since zero pages should be holes: only gaps of at most {@value #MAX_BYTES}
 * bytes between pages with content are written, so that a file takes at most twice the space of its
 * content; and only in a piece with at least {@value #MIN_COUNT} such gaps. Fewer cost less time
 * than the disk needs for the piece anyway, and reading is fastest where zero pages are holes.
 */
final class SmallGaps {
  /** Maximum length of a gap. */
  static final int MAX_BYTES = 4096;

  /** Minimum number of gaps in a piece of {@link Chunk#BYTES}. */
  static final int MIN_COUNT = 32;

  private SmallGaps() {}

  /**
   * The pages of a piece to be written as zeros.
   *
   * @param data pages whose content is to be written
   * @param stored whether the file has content of a page; such pages are never chosen
   * @return pages between those of {@code data}, none of them in it; empty if there are few gaps
   */
  static BitSet of(BitSet data, IntPredicate stored, int pageSize) {
    BitSet gaps = new BitSet();
    int count = 0;
    int maxPages = MAX_BYTES / pageSize;
    for (int from = data.nextClearBit(Math.max(0, data.nextSetBit(0))); from < data.length(); ) {
      int end = data.nextSetBit(from);
      if (end - from <= maxPages && isNone(stored, from, end)) {
        gaps.set(from, end);
        count++;
      }
      from = data.nextClearBit(end);
    }
    return count >= MIN_COUNT ? gaps : new BitSet();
  }

  private static boolean isNone(IntPredicate stored, int from, int end) {
    for (int page = from; page < end; page++) {
      if (stored.test(page)) {
        return false;
      }
    }
    return true;
  }
}
