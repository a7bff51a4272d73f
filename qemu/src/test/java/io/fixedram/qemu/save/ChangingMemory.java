// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Memory of a guest that is no QEMU's, and does not stand still: pages are written, torn while they
 * are read, become zero, and are given back, as balloons do.
 */
final class ChangingMemory implements RamPages {
  static final int PAGE = 4096;

  private final SaveHeader header;
  private final List<MemorySegment> memory = new ArrayList<>();
  private final List<PageBitmap> populated = new ArrayList<>();
  private final int threads;
  private volatile Runnable beforeRead = () -> {};

  ChangingMemory(int threads, RamBlock... blocks) {
    this.threads = threads;
    header =
        new SaveHeader(Configuration.of("pc-i440fx-7.2"), new RamBlocks(PAGE, List.of(blocks)), 2);
    for (RamBlock block : blocks) {
      memory.add(Arena.ofAuto().allocate(block.usedLength(), PAGE));
      populated.add(new PageBitmap(block.usedLength() / PAGE));
    }
  }

  /** Has something done before each read, in the thread that reads. */
  void beforeRead(Runnable action) {
    beforeRead = action;
  }

  /** Changes a few runs of pages. */
  void change(SplittableRandom random, int runs) {
    for (int i = 0; i < runs; i++) {
      RamBlock block = blocks().get(random.nextInt(blocks().size()));
      long pages = block.usedLength() / PAGE;
      long first = random.nextLong(pages);
      long count = Math.min(pages - first, 1 + random.nextLong(8));
      switch (random.nextInt(5)) {
        case 0 -> zero(block, first, count);
        case 1 -> giveBack(block, first, count);
        default -> write(block, first, count, random);
      }
    }
  }

  private void write(RamBlock block, long first, long count, SplittableRandom random) {
    populate(block, first, count);
    for (long page = first; page < first + count; page++) {
      // A few words, so that pages are torn at most places.
      for (int i = 0; i < 4; i++) {
        long word = page * (PAGE / Long.BYTES) + random.nextInt(PAGE / Long.BYTES);
        memory.get(block.index()).setAtIndex(ValueLayout.JAVA_LONG, word, random.nextLong());
      }
    }
  }

  /** Fills pages with a byte. */
  void fill(RamBlock block, long first, long count, int value) {
    populate(block, first, count);
    memory.get(block.index()).asSlice(first * PAGE, count * PAGE).fill((byte) value);
  }

  private void zero(RamBlock block, long first, long count) {
    fill(block, first, count, 0);
  }

  private void giveBack(RamBlock block, long first, long count) {
    memory.get(block.index()).asSlice(first * PAGE, count * PAGE).fill((byte) 0);
    PageBitmap pages = populated.get(block.index());
    synchronized (pages) {
      pages.clear(first, count);
    }
  }

  private void populate(RamBlock block, long first, long count) {
    PageBitmap pages = populated.get(block.index());
    synchronized (pages) {
      pages.set(first, count);
    }
  }

  /** The content of a block now. */
  MemorySegment content(RamBlock block) {
    return memory.get(block.index());
  }

  @Override
  public String name() {
    return "a guest that changes";
  }

  @Override
  public SaveHeader header() {
    return header;
  }

  @Override
  public PageMap pages(RamBlock block) {
    PageBitmap now = new PageBitmap(block.usedLength() / PAGE);
    PageBitmap pages = populated.get(block.index());
    synchronized (pages) {
      pages.forEachRun(now::set);
    }
    return new PageMap(block, now);
  }

  @Override
  public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
    beforeRead.run();
    MemorySegment from = memory.get(map.block().index());
    MemorySegment.copy(from, first * PAGE, into, offset, (end - first) * PAGE);
    return true;
  }

  @Override
  public int parallelReads() {
    return threads;
  }
}
