// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The kind of each page of a RAM block. Receivers must not change the bitmaps; any number of
 * threads may read them.
 *
 * @param stored pages that have content, here or elsewhere; all others are zero
 * @param elsewhere the stored pages whose content is in another store; absent if there are none
 */
public record PageMap(RamBlock block, PageBitmap stored, Optional<PageBitmap> elsewhere) {
  /** A map of a store that builds upon no other. */
  public PageMap(RamBlock block, PageBitmap stored) {
    this(block, stored, Optional.empty());
  }

  /** Number of target pages. */
  public long pages() {
    return stored.pages();
  }

  /** Number of pages whose content is in this store. */
  long herePages() {
    return stored.cardinality() - elsewhere.map(PageBitmap::cardinality).orElse(0L);
  }

  /** Bytes of the pages that have content. */
  public long storedBytes() {
    return stored.cardinality() * pageSize();
  }

  /** Bytes of a target page. */
  public int pageSize() {
    return pages() == 0 ? 1 : Math.toIntExact(block.usedLength() / pages());
  }

  /** Location of a page's content. */
  public PageKind kind(long page) {
    if (!stored.get(page)) {
      return PageKind.ZERO;
    }
    return elsewhere.isPresent() && elsewhere.get().get(page) ? PageKind.ELSEWHERE : PageKind.HERE;
  }

  /**
   * Sends a run of pages that were read into memory.
   *
   * @param first the first page
   * @param end the page after the last
   * @param from begins with the first page
   */
  public void send(long first, long end, MemorySegment from, PageSink sink) {
    int pageSize = pageSize();
    for (long page = first; page < end; ) {
      long present = stored.nextSet(page, end);
      sendZeros(page, present, sink);
      long endOfRun = stored.nextClear(present, end);
      if (endOfRun > present) {
        long bytes = (endOfRun - present) * pageSize;
        sink.data(block, present * pageSize, from, (present - first) * pageSize, bytes);
      }
      page = endOfRun;
    }
  }

  /**
   * Sends a run of pages as zeros.
   *
   * @param first the first page
   * @param end the page after the last
   */
  public void sendZeros(long first, long end, PageSink sink) {
    if (end > first) {
      int pageSize = pageSize();
      sink.zero(block, first * pageSize, (end - first) * pageSize);
    }
  }
}
