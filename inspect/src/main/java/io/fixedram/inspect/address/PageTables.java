// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.address;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * A guest's memory by the virtual addresses of one address space of an x86-64 processor in 64-bit
 * mode (Intel SDM volume 3, 4.5): tables of 4 or 5 levels with pages of 4 KiB, 2 MiB and 1 GiB. Not
 * thread-safe.
 */
public final class PageTables {
  private static final int PRESENT = 1;
  private static final int LARGE = 1 << 7;
  private static final int PAGE_BITS = 12;
  private static final int INDEX_BITS = 9;

  /** Bits 12 to 51 of an entry. */
  private static final long ADDRESS = 0x000f_ffff_ffff_f000L;

  private final PhysicalMemory memory;
  private final long root;
  private final int levels;

  /**
   * Creates a view.
   *
   * @param cr3 register CR3 of the processor, with the address of the first table
   * @param levels 4 or 5
   */
  public PageTables(PhysicalMemory memory, long cr3, int levels) {
    this.memory = memory;
    this.root = cr3 & ADDRESS;
    this.levels = levels;
  }

  /**
   * A page that is mapped.
   *
   * @param address guest-physical address of a byte in it
   * @param bytes bytes from there to the end of the page
   */
  public record Translation(long address, long bytes) {}

  /**
   * Translates an address.
   *
   * @throws NoMemoryException if no page is mapped there
   */
  public Translation translate(long virtual) {
    int bits = PAGE_BITS + INDEX_BITS * levels;
    if (virtual << (Long.SIZE - bits) >> (Long.SIZE - bits) != virtual) {
      throw notMapped(virtual, "it is not an address of " + bits + " bits");
    }
    long table = root;
    for (int level = levels; level >= 1; level--) {
      int shift = PAGE_BITS + INDEX_BITS * (level - 1);
      long index = virtual >>> shift & ((1 << INDEX_BITS) - 1);
      long entry = entry(virtual, table + index * Long.BYTES);
      if ((entry & PRESENT) == 0) {
        throw notMapped(
            virtual,
            "entry %d of the table of level %d".formatted(index, level) + " is not present");
      }
      if (level == 1 || ((entry & LARGE) != 0 && level <= 3)) {
        long inPage = virtual & ((1L << shift) - 1);
        long page = entry & ADDRESS & -(1L << shift);
        return new Translation(page + inPage, (1L << shift) - inPage);
      }
      table = entry & ADDRESS;
    }
    throw new AssertionError("a table of level 1 has pages only");
  }

  private long entry(long virtual, long address) {
    try {
      return memory.word(address);
    } catch (NoMemoryException e) {
      throw notMapped(
          virtual, "its table at guest-physical address 0x%x is no memory".formatted(address));
    }
  }

  private static NoMemoryException notMapped(long virtual, String why) {
    return new NoMemoryException(
        "virtual address 0x%x is not mapped: %s".formatted(virtual, why), virtual);
  }

  /** Translates an address; empty if no page is mapped there. */
  public OptionalLong find(long virtual) {
    try {
      return OptionalLong.of(translate(virtual).address());
    } catch (NoMemoryException e) {
      return OptionalLong.empty();
    }
  }

  /**
   * Reads bytes.
   *
   * @param virtual virtual address of the first byte
   * @param into memory to fill
   * @throws NoMemoryException if not all of it is mapped memory
   */
  public void read(long virtual, MemorySegment into) {
    long done = 0;
    while (done < into.byteSize()) {
      Translation page = translate(virtual + done);
      long count = Math.min(into.byteSize() - done, page.bytes());
      memory.read(page.address(), into.asSlice(done, count));
      done += count;
    }
  }
}
