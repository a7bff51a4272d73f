// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import java.lang.foreign.MemorySegment;

/**
 * A run of a block's pages whose content fits into one buffer; zero pages at its start and end need
 * no space.
 *
 * @param first the first page
 * @param end the page after the last
 * @param firstStored the first page that has content, with which the buffer begins; {@code end} if
 *     none has
 * @param endStored the page after the last that has content
 */
record PageWindow(PageMap map, long first, long end, long firstStored, long endStored) {

  /**
   * The first window of a run of pages, as long as a buffer allows.
   *
   * @param bufferBytes size of the buffer, at least one page
   */
  static PageWindow of(PageMap map, long first, long end, long bufferBytes) {
    PageBitmap stored = map.stored();
    long firstStored = stored.nextSet(first, end);
    long limit = Math.min(end, firstStored + bufferBytes / map.pageSize());
    long after = stored.nextSet(limit, end);
    return new PageWindow(map, first, after, firstStored, stored.endOfSet(firstStored, limit));
  }

  /**
   * Reads the content. Returns false if all pages are known to be zero and the buffer was not used.
   */
  boolean read(RamPages store, MemorySegment buffer) {
    return firstStored < end && store.read(map, firstStored, endStored, buffer, 0);
  }

  /** Sends the pages to a sink with the content that was read. */
  void sendTo(PageSink sink, MemorySegment buffer) {
    map.sendZeros(first, firstStored, sink);
    map.send(firstStored, endStored, buffer, sink);
    map.sendZeros(endStored, end, sink);
  }

  /** Sends the pages to a sink as zeros. */
  void sendZeros(PageSink sink) {
    map.sendZeros(first, end, sink);
  }
}
