// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;

/**
 * The pages of one RAM block: their kinds, and which the destination has. Not thread-safe.
 *
 * @param map the kind of each page
 * @param sent pages that were sent and must not be sent again
 */
record BlockPages(PageMap map, PageBitmap sent) {

  /** The pages of a block of which none was sent. */
  static BlockPages of(PageStore store, RamBlock block) {
    PageMap map = store.pages(block);
    return new BlockPages(map, new PageBitmap(map.pages()));
  }

  RamBlock block() {
    return map.block();
  }

  int index() {
    return block().index();
  }

  long pages() {
    return map.pages();
  }

  /** Number of zero pages. */
  long absent() {
    return pages() - map.stored().cardinality();
  }

  /** Whether all pages of a run were sent. */
  boolean allSent(long first, long end) {
    return sent.nextClear(first, end) == end;
  }

  /**
   * The first page at or after the given one that has content and was not sent; {@link #pages()} if
   * there is none.
   */
  long nextUnsentData(long page) {
    long next = map.stored().nextSet(page);
    while (next < pages() && sent.get(next)) {
      next = map.stored().nextSet(sent.nextClear(next));
    }
    return next;
  }
}
