// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.ZeroPages;
import io.fixedram.layout.BlockPlace;
import io.fixedram.os.PrivateMapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Tells whether a block's region of a file can be the guest's memory as it stands. A bitmap says
 * which pages are zero, a mapping shows what is there: the two must say the same. They do in the
 * files that fixedram writes; QEMU 9 and 10 clear the bit of a page that was data in an earlier
 * pass of a live save and is zero in a later one, and leave the data in the file.
 *
 * <p>Holes read as zeros, so only data under clear bits is read: nothing of an ordinary file.
 */
public final class MappableRegion {
  /** What a mapping starts at must be a multiple of it: the page size of x86 and most arm64. */
  private static final long HOST_PAGE_BYTES = 4096;

  /**
   * Zeros that are read before giving up: a file that was copied without its holes is all data, and
   * reading all of it is what mapping is to avoid.
   */
  private static final long MOST_ZERO_BYTES = 256 << 20;

  private static final int READ_BYTES = 1 << 20;

  private final FixedSave save;
  private final BlockPlace place;
  private final long pageSize;
  private long zeroBytesLeft = MOST_ZERO_BYTES;

  private MappableRegion(FixedSave save, BlockPlace place) {
    this.save = save;
    this.place = place;
    this.pageSize = save.header().blocks().targetPageSize();
  }

  /**
   * Why a block's region can't be mapped, a sentence; empty if it can.
   *
   * @throws StorageException if the file can't be read
   */
  public static Optional<String> obstacle(FixedSave save, BlockPlace place) {
    return new MappableRegion(save, place).obstacle();
  }

  private Optional<String> obstacle() {
    if (place.pagesOffset() % HOST_PAGE_BYTES != 0) {
      return Optional.of(
          "the pages of RAM block "
              + place.block()
              + " begin at offset "
              + place.pagesOffset()
              + " of "
              + save.path()
              + ", and a mapping only at a multiple of "
              + HOST_PAGE_BYTES
              + ": 'fixedram convert' makes a file where they do");
    }
    try {
      PrivateMapping.probe(save.descriptor(), place.pagesOffset());
    } catch (StorageException e) {
      return Optional.of(e.sentence() + "; copy it to another file system");
    }
    return dataUnderClearBits();
  }

  private Optional<String> dataUnderClearBits() {
    PageBitmap bitmap = save.bitmap(place);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(READ_BYTES, Long.BYTES);
      long page = bitmap.nextClear(0);
      while (page < bitmap.pages()) {
        long present = bitmap.nextSet(page);
        OptionalLong data = save.descriptor().nextData(offset(page));
        if (data.isEmpty()) {
          break;
        }
        long first = (data.getAsLong() - place.pagesOffset()) / pageSize;
        long end = first;
        if (first < present) {
          end = Math.min(present, endOfData(data.getAsLong()));
          Optional<String> found = notZero(offset(first), offset(end), buffer);
          if (found.isPresent()) {
            return found;
          }
        }
        page = bitmap.nextClear(Math.min(end, bitmap.pages()));
      }
    }
    return Optional.empty();
  }

  private long offset(long page) {
    return place.pagesOffset() + page * pageSize;
  }

  /** The first page that the data does not reach into. */
  private long endOfData(long position) {
    long hole = save.descriptor().nextHole(position).orElse(place.end());
    return (hole - place.pagesOffset() + pageSize - 1) / pageSize;
  }

  private Optional<String> notZero(long from, long end, MemorySegment buffer) {
    for (long at = from; at < end; ) {
      long length = Math.min(READ_BYTES, end - at);
      if (zeroBytesLeft < length) {
        return Optional.of(
            save.path()
                + " has more than "
                + (MOST_ZERO_BYTES >> 20)
                + " MiB of zeros where holes should be: copy it with 'cp --sparse=always'");
      }
      zeroBytesLeft -= length;
      if (save.descriptor().readFully(at, buffer, 0, length) < length) {
        throw new DamagedSaveException(save.path() + " is incomplete: it ends at offset " + at);
      }
      if (!ZeroPages.isZero(buffer, 0, length)) {
        return Optional.of(
            save.path()
                + " has old content in RAM block "
                + place.block()
                + " where the guest has zeros, as QEMU leaves it in a live save: 'fixedram convert'"
                + " makes a file without it");
      }
      at += length;
    }
    return Optional.empty();
  }
}
