// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.address;

import io.fixedram.inspect.block.BlockReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A guest's memory by guest-physical addresses. Not thread-safe.
 *
 * @param map where memory is
 * @param blocks reads it; the caller closes it
 */
public record PhysicalMemory(MemoryMap map, BlockReader blocks) {
  private static final ValueLayout.OfLong LITTLE_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * Reads bytes.
   *
   * @param address guest-physical address of the first byte
   * @param into memory to fill
   * @throws NoMemoryException if not all of it is RAM or ROM
   */
  public void read(long address, MemorySegment into) {
    long done = 0;
    while (done < into.byteSize()) {
      long at = address + done;
      MapRange range =
          map.find(at)
              .orElseThrow(() ->
                  new NoMemoryException(
                      "the guest has no memory at guest-physical address 0x%x".formatted(at), at));
      long count = Math.min(into.byteSize() - done, range.end() - at);
      blocks.read(range.block(), range.offset() + at - range.address(), into.asSlice(done, count));
      done += count;
    }
  }

  /** The little-endian 8-byte number at an address. */
  long word(long address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment word = arena.allocate(Long.BYTES);
      read(address, word);
      return word.get(LITTLE_ENDIAN, 0);
    }
  }
}
