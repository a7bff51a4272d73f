// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import io.fixedram.seal.PrintCheck;
import io.fixedram.seal.SealedFile;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads the stored pages of a fixed-offset file, and checks them against their fingerprints if the
 * file has some. Safe for use by several threads.
 */
final class PageReader {
  /** Minimum length of a run for which the store is asked for holes. */
  private static final long MIN_ASKED_BYTES = 256 << 10;

  /** A run is read in one call if the store holds at least one in {@value} of its pages. */
  private static final int SPARSENESS = 4;

  private final ByteStore bytes;

  /** The check of each block's pages, by the block's index; empty if the file is not sealed. */
  private final List<PrintCheck> checks;

  PageReader(ByteStore bytes, Optional<SealedFile> sealed) {
    this.bytes = bytes;
    this.checks =
        sealed
            .map(file -> file.seal().blocks().stream().map(file::prints).toList())
            .orElse(List.of());
  }

  /**
   * Reads the stored pages of a run, as specified by {@link PageStore#read}.
   *
   * @throws DamagedSaveException if the store ends earlier, or a page does not have the content
   *     that was saved
   */
  boolean read(
      BlockPlace place, PageMap map, long first, long end, MemorySegment into, long offset) {
    PageBitmap stored = map.stored();
    long from = stored.nextSet(first, end);
    long to = stored.endOfSet(from, end);
    int pageSize = map.pageSize();
    long position = place.pagesOffset() + from * pageSize;
    if (from == end) {
      return false;
    }
    if (isHole(position, (to - from) * pageSize)) {
      if (!checks.isEmpty()) {
        checks.get(place.block().index()).checkZero(stored, from, to);
      }
      return false;
    }
    if (stored.cardinality(from, to) * SPARSENESS >= to - from) {
      readRun(place, stored, from, to, into, offset + (from - first) * pageSize, pageSize);
    } else {
      stored.forEachRun(
          from,
          to,
          (page, count) ->
              readRun(
                  place,
                  stored,
                  page,
                  page + count,
                  into,
                  offset + (page - first) * pageSize,
                  pageSize));
    }
    return true;
  }

  private void readRun(
      BlockPlace place,
      PageBitmap stored,
      long first,
      long end,
      MemorySegment into,
      long offset,
      int pageSize) {
    long length = (end - first) * pageSize;
    bytes.readFully(place.pagesOffset() + first * pageSize, into, offset, length);
    if (!checks.isEmpty()) {
      checks.get(place.block().index()).check(stored, first, end, into, offset);
    }
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
