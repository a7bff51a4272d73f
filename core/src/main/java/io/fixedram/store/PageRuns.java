// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.PageSink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** Sends runs of pages of a store to a sink. */
public final class PageRuns {
  private static final int BUFFER_BYTES = 1 << 20;

  private PageRuns() {}

  /**
   * Sends a run of a block's pages, in the calling thread. Any number of threads may do so at a
   * time, each with its own sink.
   *
   * @param map page map of the block from {@link RamPages#pages}
   * @param first the first page
   * @param count number of pages
   */
  public static void send(RamPages store, PageMap map, long first, long count, PageSink sink) {
    try (Arena arena = Arena.ofShared()) {
      long bytes = Math.clamp(count * map.pageSize(), 1, BUFFER_BYTES);
      send(store, map, first, count, arena.allocate(bytes, 4096), sink);
    }
  }

  /**
   * Sends a run of a block's pages that {@link RamPages#read} has read.
   *
   * @param first the first page
   * @param end the page after the last
   * @param content what the read returned
   * @param buffer begins with the first page
   */
  public static void sendRead(
      PageMap map, long first, long end, boolean content, MemorySegment buffer, PageSink sink) {
    PageWindow window = new PageWindow(map, first, end, first, end);
    if (content) {
      window.sendTo(sink, buffer);
    } else {
      window.sendZeros(sink);
    }
  }

  /**
   * Sends a run of a block's pages through a buffer of the caller.
   *
   * @param buffer memory to read into, at least one target page; the sink gets no longer run
   */
  public static void send(
      RamPages store, PageMap map, long first, long count, MemorySegment buffer, PageSink sink) {
    Objects.checkFromIndexSize(first, count, map.pages());
    for (long page = first; page < first + count; ) {
      PageWindow window = PageWindow.of(map, page, first + count, buffer.byteSize());
      if (window.read(store, buffer)) {
        window.sendTo(sink, buffer);
      } else {
        window.sendZeros(sink);
      }
      page = window.end();
    }
  }
}
