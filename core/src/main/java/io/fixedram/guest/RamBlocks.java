// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import io.fixedram.error.FixedRamException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The RAM blocks of a guest in the order of its stream.
 *
 * @param targetPageSize bytes of a target page, a power of two from 1 KiB to 64 KiB: 4096 on x86
 * @param list the blocks; each knows its index here
 */
public record RamBlocks(int targetPageSize, List<RamBlock> list) {
  /**
   * Maximum total RAM, above what any machine type of QEMU allows; a larger sum means damaged
   * bytes.
   */
  public static final long MAX_BYTES = 1L << 46;

  private static final int MIN_PAGE_BYTES = 1 << 10;

  /** The largest target page of QEMU's targets. */
  private static final int MAX_PAGE_BYTES = 1 << 16;

  /**
   * Maximum number of blocks, above what guests have; bounds the memory that hostile input can
   * claim.
   */
  public static final int MAX_BLOCKS = 65_536;

  /**
   * Checks that the blocks can be those of a guest.
   *
   * @throws FixedRamException if they can't, naming the block
   */
  public RamBlocks {
    list = List.copyOf(list);
    if (Integer.bitCount(targetPageSize) != 1
        || targetPageSize < MIN_PAGE_BYTES
        || targetPageSize > MAX_PAGE_BYTES) {
      throw new FixedRamException(targetPageSize + " bytes cannot be a target page size");
    }
    Set<String> names = new HashSet<>();
    long total = 0;
    for (RamBlock block : list) {
      if (!names.add(block.name())) {
        throw new FixedRamException("RAM block " + block + " is listed twice");
      }
      if (block.usedLength() < 0
          || block.usedLength() > MAX_BYTES - total
          || block.usedLength() % targetPageSize != 0) {
        throw new FixedRamException(
            "RAM block "
                + block
                + " has a length of "
                + Long.toUnsignedString(block.usedLength())
                + " bytes: it must be a multiple of the target page size, "
                + targetPageSize
                + ", and all RAM together at most "
                + MAX_BYTES);
      }
      total += block.usedLength();
    }
  }

  /** The block with a name. */
  public Optional<RamBlock> byName(String name) {
    return list.stream().filter(block -> block.name().equals(name)).findFirst();
  }

  /** Sum of the used lengths of all blocks, in bytes. */
  public long totalBytes() {
    return list.stream().mapToLong(RamBlock::usedLength).sum();
  }

  /** Number of target pages of a block. */
  public long pages(RamBlock block) {
    return block.usedLength() / targetPageSize;
  }
}
