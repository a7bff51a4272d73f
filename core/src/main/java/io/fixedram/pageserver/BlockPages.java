// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import io.fixedram.store.FixedSave;

/**
 * The pages of one RAM block: which the file holds, and which the destination has. One thread.
 *
 * @param place where the block stands
 * @param present pages that are in the file; the others are zero
 * @param sent pages that were sent, and must not be sent again
 */
record BlockPages(BlockPlace place, PageBitmap present, PageBitmap sent) {

  /** Reads the bitmap of a block of which nothing was sent. */
  static BlockPages of(FixedSave save, BlockPlace place) {
    PageBitmap present = save.bitmap(place);
    return new BlockPages(place, present, new PageBitmap(present.pages()));
  }

  int index() {
    return place.block().index();
  }

  long pages() {
    return present.pages();
  }

  /** Pages that are not in the file. */
  long absent() {
    return pages() - present.cardinality();
  }

  /** Whether all of a run was sent. */
  boolean allSent(long first, long end) {
    return sent.nextClear(first, end) == end;
  }

  /**
   * The first page at or after one that was not sent and is in the file; {@link #pages()} if there
   * is none.
   */
  long nextUnsentData(long page) {
    long next = present.nextSet(page);
    while (next < pages() && sent.get(next)) {
      next = present.nextSet(sent.nextClear(next));
    }
    return next;
  }
}
