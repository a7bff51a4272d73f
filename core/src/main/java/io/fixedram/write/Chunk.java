// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.layout.BlockPlace;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * A fixed-size piece of one block that waits to be written: the content of some of its pages, and
 * which others became zero.
 */
final class Chunk {
  /** Size of a chunk in bytes, the maximum length of a write. */
  static final int BYTES = 1 << 20;

  /** Identifies a chunk. */
  record Key(int block, long index) {}

  private final MemorySegment buffer;
  private final BitSet data = new BitSet();
  private final BitSet zero = new BitSet();
  private Key key = new Key(-1, -1);

  /** Creates an unused chunk over a buffer of {@link #BYTES} that is aligned for direct writes. */
  Chunk(MemorySegment buffer) {
    this.buffer = buffer;
  }

  /** Reuses the chunk for another piece, without any pages yet. */
  void reset(Key newKey) {
    key = newKey;
    data.clear();
    zero.clear();
  }

  Key key() {
    return key;
  }

  MemorySegment buffer() {
    return buffer;
  }

  /** Pages, counted in the chunk, whose content the buffer holds. */
  BitSet data() {
    return data;
  }

  /** Pages, counted in the chunk, that became zero. */
  BitSet zero() {
    return zero;
  }

  void putData(long offset, MemorySegment from, long fromOffset, long lengthBytes, int pageSize) {
    MemorySegment.copy(from, fromOffset, buffer, offset, lengthBytes);
    int first = (int) (offset / pageSize);
    int end = (int) ((offset + lengthBytes) / pageSize);
    data.set(first, end);
    zero.clear(first, end);
  }

  void putZero(long offset, long lengthBytes, int pageSize) {
    int first = (int) (offset / pageSize);
    int end = (int) ((offset + lengthBytes) / pageSize);
    zero.set(first, end);
    data.clear(first, end);
  }

  /** Whether the chunk has every page of its piece. */
  boolean isFull(BlockPlace place, int pageSize) {
    return data.cardinality() + zero.cardinality() == pages(place, pageSize);
  }

  /** Number of pages that the chunk can hold. */
  long pages(BlockPlace place, int pageSize) {
    return Math.min(BYTES, place.block().usedLength() - key.index * BYTES) / pageSize;
  }
}
