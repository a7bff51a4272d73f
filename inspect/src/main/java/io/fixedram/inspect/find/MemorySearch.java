// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.address.MemoryMap;
import io.fixedram.inspect.block.BlockWindow;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Searches all memory of a guest. A match may cross the end of a page, and of a block where the
 * guest has another one right behind it. Memory: the bitmaps of the blocks, and 4 MiB. Not
 * thread-safe.
 */
public final class MemorySearch {
  private static final int WINDOW_BYTES = 1 << 20;

  private final RamPages store;
  private final Optional<MemoryMap> map;
  private final BytePattern pattern;
  private final int contextBytes;

  /** Receives what is found. */
  @FunctionalInterface
  public interface Hits {
    /**
     * Takes a hit.
     *
     * @return whether to go on
     */
    boolean found(Hit hit);
  }

  /**
   * Creates a search.
   *
   * @param map the guest's memory map; without one, the blocks are searched one by one
   * @param contextBytes bytes before and behind each hit to give with it, as far as there are any
   */
  public MemorySearch(
      RamPages store, Optional<MemoryMap> map, BytePattern pattern, int contextBytes) {
    this.store = store;
    this.map = map;
    this.pattern = pattern;
    this.contextBytes = contextBytes;
  }

  /**
   * Searches, in ascending order of guest-physical addresses, and then in blocks without them.
   *
   * @throws io.fixedram.error.FixedRamException if the memory can't be read
   */
  public void run(Cancellation cancellation, Hits hits) {
    try (Arena arena = Arena.ofConfined()) {
      Strip strip = new Strip(arena, cancellation, hits);
      for (Span span : Span.of(store.blocks(), map)) {
        if (!strip.search(span)) {
          return;
        }
      }
      strip.finish();
    }
  }

  /**
   * What is searched, window by window: the end of what was searched before, which a match may
   * begin in and which is the context of the next ones, and what was read last.
   */
  private final class Strip {
    private final Cancellation cancellation;
    private final Hits hits;
    private final Map<RamBlock, PageMap> pageMaps = new HashMap<>();
    private final BlockWindow window;

    /** Bytes that are kept when more is read. */
    private final int keep = pattern.maxBytes() + 2 * contextBytes;

    private final MemorySegment memory;
    private final Places places = new Places();

    /** Bytes in memory. */
    private int filled;

    /** Offset from which on matches are still to be found. */
    private int searched;

    Strip(Arena arena, Cancellation cancellation, Hits hits) {
      this.cancellation = cancellation;
      this.hits = hits;
      this.window = new BlockWindow(store, WINDOW_BYTES, arena);
      this.memory = arena.allocate(keep + WINDOW_BYTES, Long.BYTES);
    }

    boolean search(Span span) {
      if (!span.follows()) {
        if (!finish()) {
          return false;
        }
        filled = 0;
        searched = 0;
        places.clear();
      }
      PageMap pages = pageMaps.computeIfAbsent(span.block(), store::pages);
      for (long done = 0; done < span.bytes(); ) {
        cancellation.throwIfCancelled();
        long count = Math.min(WINDOW_BYTES, span.bytes() - done);
        append(span, pages, done, count);
        done += count;
        int end = Math.max(searched, filled - pattern.maxBytes() - contextBytes);
        if (!find(end)) {
          return false;
        }
      }
      return true;
    }

    /** Finds what is left at the end of contiguous memory. */
    boolean finish() {
      return find(filled);
    }

    private void append(Span span, PageMap pages, long done, long count) {
      int drop = Math.max(0, Math.min(filled - keep, searched - contextBytes));
      if (drop > 0) {
        MemorySegment.copy(memory, drop, memory, 0, filled - drop);
        places.drop(drop);
        filled -= drop;
        searched -= drop;
      }
      long offset = span.offset() + done;
      int pageSize = pages.pageSize();
      long first = offset / pageSize;
      window.load(pages, first, (offset + count + pageSize - 1) / pageSize);
      MemorySegment.copy(window.content(), offset - first * pageSize, memory, filled, count);
      places.add(filled, span, done);
      filled += (int) count;
    }

    /** Finds all matches that begin before an offset. */
    private boolean find(int end) {
      if (end <= searched) {
        return true;
      }
      int from = searched;
      searched = end;
      return pattern.find(
          memory,
          from,
          end,
          filled,
          (start, length) -> {
            int first = (int) Math.max(0, start - contextBytes);
            int last = (int) Math.min(filled, start + length + contextBytes);
            return hits.found(
                places.hit(
                    start,
                    length,
                    memory.asSlice(first, last - first).asReadOnly(),
                    (int) start - first));
          });
    }
  }
}
