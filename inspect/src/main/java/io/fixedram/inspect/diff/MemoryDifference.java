// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.diff;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.ZeroPages;
import io.fixedram.inspect.block.BlockWindow;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Compares the memory of two guests, or of one at two moments, block by block and page by page.
 * Formats and alignments may differ. Memory: the bitmaps of a block, and 4 MiB.
 */
public final class MemoryDifference {
  private static final int WINDOW_BYTES = 1 << 20;

  private final RamPages a;
  private final RamPages b;
  private final int pageSize;

  /**
   * Creates a comparison.
   *
   * @throws FixedRamException if the guests have pages of different sizes
   */
  public MemoryDifference(RamPages a, RamPages b) {
    this.a = a;
    this.b = b;
    this.pageSize = a.header().blocks().targetPageSize();
    int other = b.header().blocks().targetPageSize();
    if (other != pageSize) {
      throw new FixedRamException(
          "%s has pages of %d bytes and %s of %d bytes, which can't be compared"
              .formatted(a.name(), pageSize, b.name(), other));
    }
  }

  /**
   * Compares all blocks: those of A in its order, then those that only B has.
   *
   * @param sink receives the ranges that differ
   * @throws FixedRamException if one of the two can't be read
   */
  public List<BlockDifference> compare(Cancellation cancellation, DifferenceSink sink) {
    List<BlockDifference> blocks = new ArrayList<>();
    Set<String> compared = new HashSet<>();
    for (RamBlock block : a.blocks()) {
      compared.add(block.name());
      blocks.add(
          compare(block.name(), Optional.of(block), find(b, block.name()), cancellation, sink));
    }
    for (RamBlock block : b.blocks()) {
      if (!compared.contains(block.name())) {
        blocks.add(compare(block.name(), Optional.empty(), Optional.of(block), cancellation, sink));
      }
    }
    return blocks;
  }

  private static Optional<RamBlock> find(RamPages pages, String name) {
    return pages.blocks().stream().filter(each -> each.name().equals(name)).findFirst();
  }

  private BlockDifference compare(
      String name,
      Optional<RamBlock> inA,
      Optional<RamBlock> inB,
      Cancellation cancellation,
      DifferenceSink sink) {
    RunMerger merger = new RunMerger(name, pageSize, sink);
    try (Arena arena = Arena.ofConfined()) {
      Side sideA = new Side(a, inA, arena);
      Side sideB = new Side(b, inB, arena);
      long pages = Math.max(sideA.pages, sideB.pages);
      for (long page = 0; page < pages; ) {
        cancellation.throwIfCancelled();
        // Windows that are zero in both need no look.
        page = Math.min(sideA.nextStored(page, pages), sideB.nextStored(page, pages));
        long end = Math.min(pages, page + WINDOW_BYTES / pageSize);
        if (page < end) {
          compare(
              sideA.load(page, end, pageSize), sideB.load(page, end, pageSize), page, end, merger);
        }
        page = end;
      }
    }
    merger.flush();
    return new BlockDifference(
        name,
        inA.map(RamBlock::usedLength).orElse(0L),
        inB.map(RamBlock::usedLength).orElse(0L),
        merger.count(PageDifference.CHANGED),
        merger.count(PageDifference.ONLY_A),
        merger.count(PageDifference.ONLY_B));
  }

  private void compare(
      MemorySegment inA, MemorySegment inB, long first, long end, RunMerger merger) {
    long length = (end - first) * pageSize;
    for (long page = first; page < end; page++) {
      long from = (page - first) * pageSize;
      long same = MemorySegment.mismatch(inA, from, length, inB, from, length);
      if (same < 0) {
        return;
      }
      page += same / pageSize;
      merger.add(difference(inA, inB, (page - first) * pageSize), page);
    }
  }

  private PageDifference difference(MemorySegment inA, MemorySegment inB, long offset) {
    if (ZeroPages.isZero(inA, offset, pageSize)) {
      return PageDifference.ONLY_B;
    }
    return ZeroPages.isZero(inB, offset, pageSize) ? PageDifference.ONLY_A : PageDifference.CHANGED;
  }

  /** A block of one of the two; without pages if there is none. */
  private static final class Side {
    private final Optional<PageMap> map;
    private final long pages;
    private final BlockWindow window;

    Side(RamPages store, Optional<RamBlock> block, Arena arena) {
      this.map = block.map(store::pages);
      this.pages = map.map(PageMap::pages).orElse(0L);
      this.window = new BlockWindow(store, WINDOW_BYTES, arena);
    }

    long nextStored(long page, long end) {
      if (page >= pages) {
        return end;
      }
      long next = map.orElseThrow().stored().nextSet(page, pages);
      return next == pages ? end : next;
    }

    /** Loads a run of pages; those that the block does not have are zero. */
    MemorySegment load(long first, long end, int pageSize) {
      long last = Math.max(first, Math.min(end, pages));
      map.ifPresent(each -> window.load(each, first, last));
      window.content().asSlice((last - first) * pageSize, (end - last) * pageSize).fill((byte) 0);
      return window.content();
    }
  }
}
