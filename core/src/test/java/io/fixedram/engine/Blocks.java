// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Blocks and memory for tests. */
public final class Blocks {
  public static final int PAGE = 4096;

  private Blocks() {}

  /** Blocks of 4 KiB pages: so many pages each. */
  public static RamBlocks of(int... pages) {
    return ofSize(PAGE, pages);
  }

  /** Blocks of so many pages each. */
  public static RamBlocks ofSize(int pageSize, int... pages) {
    List<RamBlock> list = new ArrayList<>();
    for (int count : pages) {
      list.add(new RamBlock(list.size(), "block-" + list.size(), (long) count * pageSize));
    }
    return new RamBlocks(pageSize, list);
  }

  /** Memory in which about half of the pages hold something. */
  public static GuestMemory filled(Arena arena, RamBlocks blocks, Random random) {
    GuestMemory memory = GuestMemory.allocate(arena, blocks);
    fill(memory, random);
    return memory;
  }

  /** Makes about half of the pages hold something, in runs, and the others zero. */
  public static void fill(GuestMemory memory, Random random) {
    int pageSize = memory.blocks().targetPageSize();
    byte[] page = new byte[pageSize];
    for (RamBlock block : memory.blocks().list()) {
      boolean full = random.nextBoolean();
      for (long at = 0; at < block.usedLength(); at += pageSize) {
        full ^= random.nextInt(4) == 0;
        random.nextBytes(page);
        memory
            .segment(block)
            .asSlice(at, pageSize)
            .copyFrom(MemorySegment.ofArray(full ? page : new byte[pageSize]));
      }
    }
  }

  /** Memory with no zero page. */
  public static GuestMemory dirty(Arena arena, RamBlocks blocks) {
    GuestMemory memory = GuestMemory.allocate(arena, blocks);
    blocks.list().forEach(block -> memory.segment(block).fill((byte) 0x5a));
    return memory;
  }
}
