// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.block;

import io.fixedram.guest.RamBlock;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Reads any bytes of a guest's RAM blocks. Keeps the bitmaps of the blocks that were read, and the
 * last piece of 64 KiB, so that small reads in ascending order are cheap. Not thread-safe.
 */
public final class BlockReader implements AutoCloseable {
  private static final int PIECE_BYTES = 64 << 10;

  private final RamPages store;
  private final Map<RamBlock, PageMap> maps = new HashMap<>();
  private final Arena arena = Arena.ofConfined();
  private final BlockWindow window;
  private Optional<RamBlock> loaded = Optional.empty();
  private long loadedOffset;

  /** Creates a reader of a store, which stays open as long as the reader. */
  public BlockReader(RamPages store) {
    this.store = store;
    this.window = new BlockWindow(store, PIECE_BYTES, arena);
  }

  /**
   * Reads bytes of a block.
   *
   * @param offset offset of the first byte in the block
   * @param into memory to fill
   * @throws io.fixedram.error.FixedRamException if they can't be read
   */
  public void read(RamBlock block, long offset, MemorySegment into) {
    Objects.checkFromIndexSize(offset, into.byteSize(), block.usedLength());
    long done = 0;
    while (done < into.byteSize()) {
      long at = offset + done;
      long from = at / PIECE_BYTES * PIECE_BYTES;
      load(block, from);
      long count = Math.min(into.byteSize() - done, from + PIECE_BYTES - at);
      MemorySegment.copy(window.content(), at - from, into, done, count);
      done += count;
    }
  }

  private void load(RamBlock block, long from) {
    if (loadedOffset == from && loaded.filter(block::equals).isPresent()) {
      return;
    }
    loaded = Optional.empty();
    PageMap map = maps.computeIfAbsent(block, store::pages);
    long end = Math.min(block.usedLength(), from + PIECE_BYTES);
    window.load(map, from / map.pageSize(), end / map.pageSize());
    loaded = Optional.of(block);
    loadedOffset = from;
  }

  /** Frees the memory; the store stays open. */
  @Override
  public void close() {
    arena.close();
  }
}
