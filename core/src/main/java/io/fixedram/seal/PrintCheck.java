// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteStore;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.ZeroPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Compares content that was read with the table of a block's fingerprints. Reads the table as
 * needed: 4 KiB for each MiB of pages of 4 KiB, 8 KiB in a signed file. Safe for use by several
 * threads.
 */
public final class PrintCheck {
  /** Number of fingerprints that are read at a time. */
  public static final int PIECE_PAGES = 256;

  private final ByteStore bytes;
  private final SealedFile file;
  private final SealedBlock block;
  private final SealedPart table;
  private final int pageSize;
  private final PrintKind kind;

  /**
   * Checks pages of a block.
   *
   * @param bytes what the table is read from
   */
  PrintCheck(ByteStore bytes, SealedFile file, SealedBlock block) {
    this.bytes = bytes;
    this.file = file;
    this.block = block;
    this.table = file.seal().get(SealedPart.TABLE, block.index());
    this.pageSize = file.seal().pageSize();
    this.kind = file.seal().prints();
  }

  /** Receives runs of pages. */
  public interface Damage {
    /** Called with a run of pages that differ from their fingerprints. */
    void found(long first, long count);
  }

  /**
   * Checks a run of pages.
   *
   * @param stored the pages of the run to check; others are ignored
   * @param first the first page
   * @param end the page after the last
   * @param content memory with the run's content, which does not change meanwhile
   * @param offset offset in that memory of the first page
   * @throws DamagedSaveException if a page is not what its fingerprint says
   */
  public void check(PageBitmap stored, long first, long end, MemorySegment content, long offset) {
    compare(
        first,
        end,
        content,
        offset,
        (page, count) -> {
          long bad = stored.nextSet(page, page + count);
          if (bad < page + count) {
            throw damaged(bad, stored.nextClear(bad, page + count));
          }
        });
  }

  /**
   * Checks a run of pages that read as zeros.
   *
   * @throws DamagedSaveException if one of them had content
   */
  public void checkZero(PageBitmap stored, long first, long end) {
    compareZero(
        first,
        end,
        (page, count) -> {
          long bad = stored.nextSet(page, page + count);
          if (bad < page + count) {
            throw damaged(bad, stored.nextClear(bad, page + count));
          }
        });
  }

  /** Finds the pages of a run that differ from their fingerprints. */
  public void compare(long first, long end, MemorySegment content, long offset, Damage damage) {
    try (Arena arena = Arena.ofConfined()) {
      long size = Math.min(PIECE_PAGES, end - first) * kind.bytes();
      MemorySegment wanted = arena.allocate(size, Long.BYTES);
      MemorySegment found = arena.allocate(size, Long.BYTES);
      for (long page = first; page < end; page += PIECE_PAGES) {
        long count = Math.min(PIECE_PAGES, end - page);
        readPrints(page, count, wanted);
        kind.write(content, offset + (page - first) * pageSize, pageSize, count, found);
        long length = count * kind.bytes();
        if (MemorySegment.mismatch(wanted, 0, length, found, 0, length) >= 0) {
          forEachOther(page, count, wanted, found, damage);
        }
      }
    }
  }

  /** Finds the pages of a run of zeros that had content. */
  public void compareZero(long first, long end, Damage damage) {
    try (Arena arena = Arena.ofConfined()) {
      long size = Math.min(PIECE_PAGES, end - first) * kind.bytes();
      MemorySegment wanted = arena.allocate(size, Long.BYTES);
      MemorySegment zeros = arena.allocate(size, Long.BYTES);
      for (long page = first; page < end; page += PIECE_PAGES) {
        long count = Math.min(PIECE_PAGES, end - page);
        readPrints(page, count, wanted);
        if (!ZeroPages.isZero(wanted, 0, count * kind.bytes())) {
          forEachOther(page, count, wanted, zeros, damage);
        }
      }
    }
  }

  private void readPrints(long page, long count, MemorySegment into) {
    bytes.readFully(table.offset() + page * kind.bytes(), into, 0, count * kind.bytes());
  }

  private void forEachOther(
      long first, long count, MemorySegment wanted, MemorySegment found, Damage damage) {
    for (long page = 0; page < count; ) {
      long end = page;
      while (end < count && isOther(end, wanted, found)) {
        end++;
      }
      if (end > page) {
        damage.found(first + page, end - page);
      }
      page = end + 1;
    }
  }

  private boolean isOther(long page, MemorySegment wanted, MemorySegment found) {
    long from = page * kind.bytes();
    long end = from + kind.bytes();
    return MemorySegment.mismatch(wanted, from, end, found, from, end) >= 0;
  }

  /** The failure; reads the whole table to tell whether it is damaged itself. */
  private DamagedSaveException damaged(long first, long end) {
    return new DamagedSaveException(
        bytes.name(), range(first, end - first, !file.isWhole(table, new Cancellation())));
  }

  /**
   * The damage of a run of pages.
   *
   * @param ofTable whether the table of fingerprints is known to be damaged
   */
  public DamagedRange range(long first, long count, boolean ofTable) {
    return ofTable
        ? new DamagedRange(
            "the fingerprint of memory",
            Optional.of(block.name()),
            OptionalLong.of(first * pageSize),
            table.offset() + first * kind.bytes(),
            count * kind.bytes())
        : DamagedRange.ofMemory(
            "memory",
            block.name(),
            first * pageSize,
            block.pagesOffset() + first * pageSize,
            count * pageSize);
  }
}
