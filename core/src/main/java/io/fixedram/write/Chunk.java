// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.layout.BlockPlace;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * A piece of one block's pages on its way into the file: the content of some of them, and which
 * others became zero.
 */
final class Chunk {
  /** Bytes of a chunk; a write is at most that long. */
  static final int BYTES = 1 << 20;

  /** Names a chunk. */
  record Key(int block, long index) {}

  private final MemorySegment buffer;
  private final BitSet data = new BitSet();
  private final BitSet zero = new BitSet();
  private Key key = new Key(-1, -1);

  /** Makes an unused chunk over a buffer of {@link #BYTES} that is aligned for direct writes. */
  Chunk(MemorySegment buffer) {
    this.buffer = buffer;
  }

  /** Makes the chunk stand for another piece, none of whose pages came yet. */
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

  /** Whether every page that the chunk can hold has come. */
  boolean isFull(BlockPlace place, int pageSize) {
    long inBlock = Math.min(BYTES, place.block().usedLength() - key.index * BYTES);
    return data.cardinality() + zero.cardinality() == inBlock / pageSize;
  }
}
