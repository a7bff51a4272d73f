// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/** Reads the stored pages of a fixed-offset file. Safe for use by several threads. */
final class PageReader {
  /** Minimum length of a run for which the store is asked for holes. */
  private static final long MIN_ASKED_BYTES = 256 << 10;

  /** A run is read in one call if the store holds at least one in {@value} of its pages. */
  private static final int SPARSENESS = 4;

  private final ByteStore bytes;

  PageReader(ByteStore bytes) {
    this.bytes = bytes;
  }

  /**
   * Reads the stored pages of a run, as specified by {@link PageStore#read}.
   *
   * @throws DamagedSaveException if the store ends earlier
   */
  boolean read(
      BlockPlace place, PageMap map, long first, long end, MemorySegment into, long offset) {
    PageBitmap stored = map.stored();
    long from = stored.nextSet(first, end);
    long to = stored.endOfSet(from, end);
    int pageSize = map.pageSize();
    long position = place.pagesOffset() + from * pageSize;
    if (from == end || isHole(position, (to - from) * pageSize)) {
      return false;
    }
    if (stored.cardinality(from, to) * SPARSENESS >= to - from) {
      bytes.readFully(position, into, offset + (from - first) * pageSize, (to - from) * pageSize);
    } else {
      stored.forEachRun(
          from,
          to,
          (page, count) ->
              bytes.readFully(
                  place.pagesOffset() + page * pageSize,
                  into,
                  offset + (page - first) * pageSize,
                  count * pageSize));
    }
    return true;
  }

  private boolean isHole(long position, long lengthBytes) {
    if (lengthBytes < MIN_ASKED_BYTES) {
      return false;
    }
    OptionalLong data = bytes.nextData(position);
    long end = position + lengthBytes;
    return data.isPresent() ? data.getAsLong() >= end : bytes.sizeBytes() >= end;
  }
}
