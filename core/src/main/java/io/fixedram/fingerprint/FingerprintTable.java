// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.ZeroPages;
import io.fixedram.os.AnonymousMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The fingerprint of each page of a guest: for each block {@value PageFingerprint#BYTES} bytes a
 * target page, in the order of pages; zeros for a page that is zero. Takes memory, outside of
 * Java's heap, for what was set only: 4 MiB for each GiB of the guest at most.
 *
 * <p>Safe for use by several threads, if no two of them are at the same page.
 */
public final class FingerprintTable implements AutoCloseable {
  /** Looked at in one go where pages are zero. */
  private static final int PIECE_PAGES = 256;

  private final int pageBytes;
  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> blocks = new ArrayList<>();

  /** A table of a guest whose pages are all zero. */
  public FingerprintTable(RamBlocks guest) {
    pageBytes = guest.targetPageSize();
    try {
      for (RamBlock block : guest.list()) {
        blocks.add(AnonymousMemory.allocate(arena, guest.pages(block) * PageFingerprint.BYTES));
      }
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Bytes of a target page. */
  public int pageBytes() {
    return pageBytes;
  }

  /** The fingerprints of a block, not to be written to. */
  public MemorySegment of(RamBlock block) {
    return blocks.get(block.index()).asReadOnly();
  }

  /**
   * Sets the fingerprint of a page.
   *
   * @param print {@value PageFingerprint#BYTES} bytes of it are the new one
   * @return whether it had another
   */
  boolean set(RamBlock block, long page, MemorySegment print) {
    MemorySegment table = blocks.get(block.index());
    long at = page * PageFingerprint.BYTES;
    long low = print.get(JAVA_LONG_UNALIGNED, 0);
    long high = print.get(JAVA_LONG_UNALIGNED, Long.BYTES);
    if (table.get(JAVA_LONG_UNALIGNED, at) == low
        && table.get(JAVA_LONG_UNALIGNED, at + Long.BYTES) == high) {
      return false;
    }
    table.set(JAVA_LONG_UNALIGNED, at, low);
    table.set(JAVA_LONG_UNALIGNED, at + Long.BYTES, high);
    return true;
  }

  /** Makes the fingerprints of a run of pages those of zero pages. */
  void setZero(RamBlock block, long first, long count) {
    blocks
        .get(block.index())
        .asSlice(first * PageFingerprint.BYTES, count * PageFingerprint.BYTES)
        .fill((byte) 0);
  }

  /** Whether a page is zero. */
  boolean isZero(RamBlock block, long page) {
    return isZero(block, page, 1);
  }

  /** The first page of a run that is not zero; {@code end} if there is none. */
  long nextData(RamBlock block, long first, long end) {
    long page = first;
    while (page < end) {
      long count = Math.min(PIECE_PAGES, end - page);
      if (!isZero(block, page, count)) {
        while (isZero(block, page)) {
          page++;
        }
        return page;
      }
      page += count;
    }
    return end;
  }

  private boolean isZero(RamBlock block, long page, long count) {
    return ZeroPages.isZero(
        blocks.get(block.index()), page * PageFingerprint.BYTES, count * PageFingerprint.BYTES);
  }

  @Override
  public void close() {
    arena.close();
  }
}
