// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fixed;

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
 * read: little in an ordinary file, and all zeros in a file that was copied without its holes. Zero
 * pages that are close together are read with the pages between them, at the disk's speed.
 */
public final class HiddenData {
  private static final int READ_BYTES = 1 << 20;

  /** Maximum length of stored pages between zero pages that are read together. */
  private static final int MAX_BETWEEN_BYTES = 64 << 10;

  private final ByteStore bytes;
  private final BlockPlace place;
  private final PageBitmap bitmap;
  private final int pageSize;
  private final long maxBytes;

  /** Result of the search. */
  public sealed interface Outcome {
    /** All zero pages read as zeros. */
    record Zeros() implements Outcome {}

    /** Data was found in the page that begins at a file offset. */
    record Data(long offset) implements Outcome {}

    /** The limit of bytes to read was reached. */
    record TooMany() implements Outcome {}
  }

  /**
   * Prepares a search.
   *
   * @param stored pages that have content
   * @param pageSize bytes of a page
   * @param maxBytes maximum bytes to read before giving up
   */
  public HiddenData(
      ByteStore bytes, BlockPlace place, PageBitmap stored, int pageSize, long maxBytes) {
    this.bytes = bytes;
    this.place = place;
    this.bitmap = stored;
    this.pageSize = pageSize;
    this.maxBytes = maxBytes;
  }

  /**
   * Runs the search.
   *
   * @throws StorageException if the file can't be read
   * @throws CancelledException if the thread is interrupted
   */
  public Outcome find() {
    long left = maxBytes;
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
          long from = Math.max(page, end);
          end = endOfWindow(from, endOfData(data.getAsLong()));
          long length = offset(end) - offset(from);
          if (left < length) {
            return new Outcome.TooMany();
          }
          left -= length;
          OptionalLong found = firstNotZero(from, end, buffer);
          if (found.isPresent()) {
            return new Outcome.Data(found.getAsLong());
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

  /** The end of the last run of zero pages that is read together with the one that begins first. */
  private long endOfWindow(long first, long endOfData) {
    long max = Math.min(endOfData, Math.min(bitmap.pages(), first + READ_BYTES / pageSize));
    long end = bitmap.nextSet(first, max);
    while (end < max) {
      long next = bitmap.nextClear(end, max);
      if (next == max || (next - end) * pageSize > MAX_BETWEEN_BYTES) {
        return end;
      }
      end = bitmap.nextSet(next, max);
    }
    return end;
  }

  private OptionalLong firstNotZero(long first, long end, MemorySegment buffer) {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancelledException();
    }
    bytes.readFully(offset(first), buffer, 0, (end - first) * pageSize);
    for (long page = bitmap.nextClear(first, end);
        page < end;
        page = bitmap.nextClear(page + 1, end)) {
      if (!ZeroPages.isZero(buffer, (page - first) * pageSize, pageSize)) {
        return OptionalLong.of(offset(page));
      }
    }
    return OptionalLong.empty();
  }
}
