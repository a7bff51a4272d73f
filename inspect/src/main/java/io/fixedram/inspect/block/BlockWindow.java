// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.block;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A piece of a RAM block in memory, zero pages included. Not thread-safe. */
public final class BlockWindow {
  private final RamPages store;
  private final MemorySegment buffer;
  private final MemorySegment content;
  private final Filler filler = new Filler();
  private long start;

  /**
   * Creates an empty window.
   *
   * @param bytes maximum length, a multiple of the page size
   * @param arena the lifetime of the window's memory, which is twice as long
   */
  public BlockWindow(RamPages store, int bytes, Arena arena) {
    this.store = store;
    this.buffer = arena.allocate(bytes);
    this.content = arena.allocate(bytes);
  }

  /**
   * Replaces the content.
   *
   * @param map page map of the block from {@link RamPages#pages}
   * @param first the first page
   * @param end the page after the last
   */
  public void load(PageMap map, long first, long end) {
    start = first * map.pageSize();
    if (first < end) {
      store.send(map, first, end, buffer, filler);
    }
  }

  /** The content; valid until the next load. What is behind the pages that were loaded is old. */
  public MemorySegment content() {
    return content;
  }

  private final class Filler implements PageSink {
    @Override
    public void data(RamBlock block, long offset, MemorySegment from, long at, long length) {
      MemorySegment.copy(from, at, content, offset - start, length);
    }

    @Override
    public void zero(RamBlock block, long offset, long length) {
      content.asSlice(offset - start, length).fill((byte) 0);
    }
  }
}
