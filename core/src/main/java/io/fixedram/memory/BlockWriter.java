// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.ZeroPages;
import java.lang.foreign.MemorySegment;

/**
 * Writes pages to guest memory and marks them dirty. Pages that are zero already are not written
 * again with zeros.
 */
final class BlockWriter {
  private final GuestMemory memory;

  BlockWriter(GuestMemory memory) {
    this.memory = memory;
  }

  void data(RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    memory.write(block, offset, from.asSlice(fromOffset, lengthBytes));
  }

  /**
   * Makes pages zero. A page that reads as zeros is not written, so that the kernel need not
   * allocate memory for it.
   */
  void zero(RamBlock block, long offset, long lengthBytes) {
    MemorySegment segment = memory.segment(block);
    int pageSize = memory.blocks().targetPageSize();
    for (long at = offset; at < offset + lengthBytes; at += pageSize) {
      if (!ZeroPages.isZero(segment, at, pageSize)) {
        try {
          segment.asSlice(at, pageSize).fill((byte) 0);
        } finally {
          memory.markDirty(block, at, pageSize);
        }
      }
    }
  }
}
