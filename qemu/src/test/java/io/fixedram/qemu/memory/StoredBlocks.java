// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Compares the content of blocks in two places, byte by byte. */
public final class StoredBlocks {
  private StoredBlocks() {}

  /** Checks that both hold the same blocks, in the same order, with the same content. */
  public static void assertSame(RamPages one, RamPages other) {
    assertThat(one.header().blocks()).isEqualTo(other.header().blocks());
    assertThat(one.header().configuration().machine())
        .isEqualTo(other.header().configuration().machine());
    for (RamBlock block : one.blocks()) {
      assertSame(one, other, block);
    }
  }

  private static void assertSame(RamPages one, RamPages other, RamBlock block) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment left = content(arena, one, block);
      MemorySegment right = content(arena, other, block);
      assertThat(left.mismatch(right)).as("first difference in %s", block).isEqualTo(-1);
    }
  }

  /** All of a block. */
  static MemorySegment content(Arena arena, RamPages store, RamBlock block) {
    MemorySegment content = AnonymousMemory.allocate(arena, block.usedLength());
    PageMap map = store.pages(block);
    store.send(
        map,
        0,
        map.pages(),
        arena.allocate(1 << 20, 4096),
        new PageSink() {
          @Override
          public void data(
              RamBlock of, long offset, MemorySegment from, long fromOffset, long length) {
            MemorySegment.copy(from, fromOffset, content, offset, length);
          }

          @Override
          public void zero(RamBlock of, long offset, long length) {
            content.asSlice(offset, length).fill((byte) 0);
          }
        });
    return content;
  }
}
