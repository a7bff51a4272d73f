// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.os.Descriptor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Detects pages that are zero because they were never written, so that they need not be read, which
 * would populate them in QEMU's page table, and allocate them in shared memory. Three kinds are
 * certain, unless another process may provide them: pages of private anonymous memory that are
 * neither present nor swapped out (proc(5), pagemap); holes of a file in memory that is mapped
 * shared, which anonymous shared memory is too; and holes of such a file that is mapped privately,
 * at pages that are neither present nor swapped out. All others may have content: a file's page
 * that QEMU has not touched looks like an unwritten one, a file system may not know yet about
 * writes through a mapping, and holes in huge pages of a file can't be queried.
 */
final class PopulatedPages {
  /** Page size of x86-64. */
  private static final int HOST_PAGE_BYTES = 4096;

  private static final int PIECE_BYTES = 1 << 16;

  /**
   * Lowest of the pagemap flags (present, swapped, file page, guard, write-protected by
   * userfaultfd, mapped once), one of which is set for every page that is or was populated.
   */
  private static final int POPULATED_SHIFT = 56;

  private final QemuPid qemu;
  private final int pageSize;

  PopulatedPages(QemuPid qemu, int pageSize) {
    this.qemu = qemu;
    this.pageSize = pageSize;
  }

  /** Bitmap of the pages of a block that may have content now. */
  PageBitmap of(LocatedBlock block) {
    PageBitmap pages = new PageBitmap(block.usedLength() / pageSize);
    for (Mapping mapping : block.mappings()) {
      long from = Math.max(block.host(), mapping.start());
      long end = Math.min(block.end(), mapping.end());
      MappedPart part = new MappedPart(block, mapping, from, end);
      if (mapping.isServedByOthers()) {
        part.addTo(pages, from, end, pageSize);
      } else if (mapping.isAnonymous()) {
        addPresent(pages, part);
      } else {
        addOfFile(pages, part);
      }
    }
    return pages;
  }

  /** The addresses of a part of a block in one mapping. */
  private record MappedPart(LocatedBlock block, Mapping mapping, long from, long end) {
    /** Marks pages that may have content. */
    void addTo(PageBitmap pages, long first, long after, int pageSize) {
      if (after > first) {
        long page = (first - block.host()) / pageSize;
        pages.set(page, (after - block.host() + pageSize - 1) / pageSize - page);
      }
    }
  }

  private void addPresent(PageBitmap pages, MappedPart part) {
    try (Arena arena = Arena.ofConfined();
        Descriptor pagemap = Descriptor.open(qemu.files().path("pagemap"), Descriptor.Mode.READ)) {
      MemorySegment piece = arena.allocate(PIECE_BYTES, Long.BYTES);
      long[] entries = new long[PIECE_BYTES / Long.BYTES];
      for (long at = part.from(); at < part.end(); ) {
        int count = (int) Math.min(entries.length, pagesTo(at, part.end()));
        long entry = at / HOST_PAGE_BYTES * Long.BYTES;
        long length = (long) count * Long.BYTES;
        if (pagemap.readUpTo(entry, piece, 0, length) != length) {
          throw new FixedRamException(
              "RAM block " + part.block().name() + " is not mapped in QEMU any more");
        }
        // Interpreted code is much faster with an array than with a segment.
        MemorySegment.copy(piece, ValueLayout.JAVA_LONG, 0, entries, 0, count);
        addPresent(pages, part, at, entries, count);
        at += (long) count * HOST_PAGE_BYTES;
      }
    }
  }

  private void addPresent(PageBitmap pages, MappedPart part, long at, long[] entries, int count) {
    for (int i = 0; i < count; i++) {
      int first = i;
      while (i < count && entries[i] >>> POPULATED_SHIFT != 0) {
        i++;
      }
      long start = at + (long) first * HOST_PAGE_BYTES;
      part.addTo(pages, start, at + (long) i * HOST_PAGE_BYTES, pageSize);
    }
  }

  private static long pagesTo(long at, long end) {
    return (end - at + HOST_PAGE_BYTES - 1) / HOST_PAGE_BYTES;
  }

  /**
   * Marks pages of a file's mapping. A page of a private mapping that was never written there has
   * the file's content, so that both are asked, in this order.
   */
  private void addOfFile(PageBitmap pages, MappedPart part) {
    Optional<Descriptor> found = MappedFile.open(qemu.files(), part.mapping());
    if (found.isEmpty()) {
      part.addTo(pages, part.from(), part.end(), pageSize);
      return;
    }
    try (Descriptor file = found.get()) {
      if (!part.mapping().isShared()) {
        addPresent(pages, part);
      }
      addData(pages, part, file);
    }
  }

  private void addData(PageBitmap pages, MappedPart part, Descriptor file) {
    // Difference between offsets in the file and addresses.
    long shift = part.mapping().fileOffset() - part.mapping().start();
    long end = part.end() + shift;
    OptionalLong data = file.nextData(part.from() + shift);
    while (data.isPresent() && data.getAsLong() < end) {
      // A file system that does not tell holes apart counts as one without holes.
      long hole = file.nextHole(data.getAsLong()).orElse(end);
      if (hole <= data.getAsLong()) {
        hole = end;
      }
      part.addTo(pages, data.getAsLong() - shift, Math.min(hole, end) - shift, pageSize);
      data = file.nextData(hole);
    }
  }
}
