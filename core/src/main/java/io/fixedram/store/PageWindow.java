// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import io.fixedram.layout.BlockPlace;
import java.lang.foreign.MemorySegment;

/**
 * A run of a block's pages that one buffer can hold the content of: pages that the file does not
 * hold at its start and end take no room.
 *
 * @param bitmap which pages of the block the file holds
 * @param first the first page
 * @param end the page after the last
 * @param firstHeld the first page that the file holds, and the buffer begins with; {@code end} if
 *     it holds none
 * @param endHeld the page after the last that the file holds
 */
record PageWindow(
    BlockPlace place,
    PageBitmap bitmap,
    int pageSize,
    long first,
    long end,
    long firstHeld,
    long endHeld) {

  /**
   * The first window of a run of pages, as long as a buffer allows.
   *
   * @param bufferBytes one page at least
   */
  static PageWindow of(
      BlockPlace place, PageBitmap bitmap, int pageSize, long first, long end, long bufferBytes) {
    long firstHeld = bitmap.nextSet(first, end);
    long most = Math.min(end, firstHeld + bufferBytes / pageSize);
    long after = bitmap.nextSet(most, end);
    long endHeld = firstHeld;
    for (long run = firstHeld; run < most; run = bitmap.nextSet(endHeld, most)) {
      endHeld = bitmap.nextClear(run, most);
    }
    return new PageWindow(place, bitmap, pageSize, first, after, firstHeld, endHeld);
  }

  /** Whether the file holds any of the pages. */
  boolean isHeld() {
    return firstHeld < end;
  }

  /** Bytes from the first to the last page that the file holds. */
  long heldBytes() {
    return (endHeld - firstHeld) * pageSize;
  }

  /** Where the first page that the file holds stands in it. */
  long position() {
    return place.pagesOffset() + firstHeld * pageSize;
  }

  /** Gives the pages to a sink, those that the file does not hold as zeros. */
  void sendTo(PageSink sink, MemorySegment buffer) {
    for (long page = first; page < end; ) {
      long held = bitmap.nextSet(page, end);
      if (held > page) {
        sink.zero(place.block(), page * pageSize, (held - page) * pageSize);
      }
      long endOfRun = bitmap.nextClear(held, end);
      if (endOfRun > held) {
        sink.data(
            place.block(),
            held * pageSize,
            buffer,
            (held - firstHeld) * pageSize,
            (endOfRun - held) * pageSize);
      }
      page = endOfRun;
    }
  }

  /** Gives the pages to a sink as zeros. */
  void sendZeros(PageSink sink) {
    sink.zero(place.block(), first * pageSize, (end - first) * pageSize);
  }
}
