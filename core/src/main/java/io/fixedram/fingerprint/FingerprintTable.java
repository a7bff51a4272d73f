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
 * The fingerprints of all pages of a guest: for each block, {@value PageFingerprint#BYTES} bytes
 * for each target page in order, zeros for a zero page. Uses memory outside of Java's heap, at most
 * 4 MiB for each GiB of the guest, only for fingerprints that were set.
 *
 * <p>Safe for use by several threads, if no two of them access the same page at a time.
 */
public final class FingerprintTable implements AutoCloseable {
  /** Number of fingerprints that are compared with zero in one step. */
  private static final int PIECE_PAGES = 256;

  private final int pageBytes;
  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> blocks = new ArrayList<>();

  /** Creates the table of a guest whose pages are all zero. */
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

  /** Size of a target page in bytes. */
  public int pageBytes() {
    return pageBytes;
  }

  /**
   * Sets the fingerprint of a page.
   *
   * @param prints memory with the new fingerprint, {@value PageFingerprint#BYTES} bytes
   * @param at offset of the fingerprint in that memory
   * @return whether the page had another fingerprint
   */
  boolean set(RamBlock block, long page, MemorySegment prints, long at) {
    if (!isOther(block, page, prints, at)) {
      return false;
    }
    MemorySegment.copy(
        prints, at, blocks.get(block.index()), page * PageFingerprint.BYTES, PageFingerprint.BYTES);
    return true;
  }

  /** Whether a page has another fingerprint than this one. */
  boolean isOther(RamBlock block, long page, MemorySegment prints, long at) {
    MemorySegment table = blocks.get(block.index());
    long own = page * PageFingerprint.BYTES;
    return table.get(JAVA_LONG_UNALIGNED, own) != prints.get(JAVA_LONG_UNALIGNED, at)
        || table.get(JAVA_LONG_UNALIGNED, own + Long.BYTES)
            != prints.get(JAVA_LONG_UNALIGNED, at + Long.BYTES);
  }

  /** Sets the fingerprints of a run of pages to those of zero pages. */
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
