// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * The RAM blocks of a guest, whose pages can be read in any order: those of a save ({@link
 * PageStore}), or the memory of a guest that may be running, which has no device state then.
 *
 * <p>All methods may be called by any number of threads at a time.
 */
public interface RamPages {
  /** Name of the memory or save in messages; for a file its path. */
  String name();

  /** The machine and its blocks; of a save, the part that precedes the first page. */
  SaveHeader header();

  /**
   * The blocks whose pages are here, in the header's order: all blocks, unless this is a view of a
   * store.
   */
  default List<RamBlock> blocks() {
    return header().blocks().list();
  }

  /**
   * The kind of each page of a block.
   *
   * @param block one of {@link #blocks()}
   * @throws DamagedSaveException if the content is found to contradict the map
   * @throws FixedRamException if the map can't be read
   */
  PageMap pages(RamBlock block);

  /**
   * Reads the stored pages of a run, each to its place in memory. The memory of zero pages between
   * them has undefined content afterwards.
   *
   * @param map page map of the block from {@link #pages}
   * @param first the first page
   * @param end the page after the last
   * @param into memory to read into
   * @param offset offset in that memory of the first page
   * @return false if all the pages are known to be zero and the memory was not changed
   * @throws DamagedSaveException if a page is missing
   * @throws FixedRamException if a page can't be read
   */
  boolean read(PageMap map, long first, long end, MemorySegment into, long offset);

  /**
   * Sends a run of a block's pages through a buffer of the caller, in the calling thread. Any
   * number of threads may do so at a time, each with its own buffer and sink.
   *
   * @param map page map of the block from {@link #pages}
   * @param first the first page
   * @param end the page after the last
   * @param buffer memory to read into, at least one target page; the sink gets no longer run
   */
  default void send(PageMap map, long first, long end, MemorySegment buffer, PageSink sink) {
    Objects.checkFromToIndex(first, end, map.pages());
    for (long page = first; page < end; ) {
      PageWindow window = PageWindow.of(map, page, end, buffer.byteSize());
      if (window.read(this, buffer)) {
        window.sendTo(sink, buffer);
      } else {
        window.sendZeros(sink);
      }
      page = window.end();
    }
  }

  /** Number of concurrent calls of {@link #read} that are answered as fast as one. */
  default int parallelReads() {
    return 1;
  }
}
