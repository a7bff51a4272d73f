// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.error.CancelledException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.ZeroPages;
import io.fixedram.layout.BlockPlace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * Search for data in a block's region where its pages are zero. Pages whose content is elsewhere
 * are not searched. Holes read as zeros, so only ranges that the file system reports as data are
 * read: nothing in an ordinary file, and all zeros in a file that was copied without its holes.
 */
final class HiddenData {
  private static final int READ_BYTES = 1 << 20;

  private final ByteStore bytes;
  private final BlockPlace place;
  private final PageBitmap bitmap;
  private final int pageSize;
  private final long maxZeroBytes;

  /** Result of the search. */
  sealed interface Outcome {
    /** All zero pages read as zeros. */
    record Zeros() implements Outcome {}

    /** Data was found in the page that begins at a file offset. */
    record Data(long offset) implements Outcome {}

    /** The limit of zeros to read was reached. */
    record TooMany() implements Outcome {}
  }

  /**
   * Prepares a search.
   *
   * @param map page map of the block
   * @param maxZeroBytes maximum bytes of zeros to read before giving up
   */
  HiddenData(ByteStore bytes, BlockPlace place, PageMap map, long maxZeroBytes) {
    this.bytes = bytes;
    this.place = place;
    this.bitmap = map.stored();
    this.pageSize = map.pageSize();
    this.maxZeroBytes = maxZeroBytes;
  }

  /**
   * Runs the search.
   *
   * @throws StorageException if the file can't be read
   * @throws CancelledException if the thread is interrupted
   */
  Outcome find() {
    long left = maxZeroBytes;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(READ_BYTES, Long.BYTES);
      long page = bitmap.nextClear(0);
      while (page < bitmap.pages()) {
        long present = bitmap.nextSet(page);
        OptionalLong data = bytes.nextData(offset(page));
        if (data.isEmpty()) {
          break;
        }
        long end = (data.getAsLong() - place.pagesOffset()) / pageSize;
        if (end < present) {
          long at = offset(end);
          end = Math.min(present, endOfData(data.getAsLong()));
          for (; at < offset(end); at += READ_BYTES) {
            long length = Math.min(READ_BYTES, offset(end) - at);
            if (left < length) {
              return new Outcome.TooMany();
            }
            left -= length;
            OptionalLong found = firstNotZero(at, length, buffer);
            if (found.isPresent()) {
              return new Outcome.Data(found.getAsLong());
            }
          }
        }
        page = bitmap.nextClear(Math.min(end, bitmap.pages()));
      }
    }
    return new Outcome.Zeros();
  }

  private long offset(long page) {
    return place.pagesOffset() + page * pageSize;
  }

  /** The first page after the data range that holds a position. */
  private long endOfData(long position) {
    long hole = bytes.nextHole(position).orElse(place.end());
    return (hole - place.pagesOffset() + pageSize - 1) / pageSize;
  }

  private OptionalLong firstNotZero(long at, long length, MemorySegment buffer) {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancelledException();
    }
    bytes.readFully(at, buffer, 0, length);
    if (ZeroPages.isZero(buffer, 0, length)) {
      return OptionalLong.empty();
    }
    long inBuffer = 0;
    while (ZeroPages.isZero(buffer, inBuffer, pageSize)) {
      inBuffer += pageSize;
    }
    return OptionalLong.of(at + inBuffer);
  }
}
