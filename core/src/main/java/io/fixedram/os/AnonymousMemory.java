// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.FixedRamException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory of any size that reads as zeros and takes nothing until it is written, unlike that of
 * {@link Arena#allocate}, which fills it with zeros at once.
 */
public final class AnonymousMemory {
  private static final int NO_DESCRIPTOR = -1;

  /** Of x86-64. */
  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private AnonymousMemory() {}

  /**
   * Maps memory, aligned to a page of the host.
   *
   * @param arena what unmaps it
   * @throws FixedRamException if the kernel gives none
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    if (bytes == 0) {
      return arena.allocate(0);
    }
    MemorySegment mapped = MemorySegment.ofAddress(map(bytes));
    return sized(mapped, bytes, arena);
  }

  /**
   * The same in huge pages where the kernel has them to give, and aligned as they are: for memory
   * that is used again and again.
   */
  public static MemorySegment allocateHuge(Arena arena, long bytes) {
    MemorySegment room = allocate(arena, bytes + HUGE_PAGE_BYTES);
    MemorySegment memory = room.asSlice(-room.address() & (HUGE_PAGE_BYTES - 1), bytes);
    // A kernel without huge pages refuses, which costs nothing but speed.
    var _ = Native.call(Linux.SYS_MADVISE, Native.address(memory), bytes, Linux.MADV_HUGEPAGE);
    return memory;
  }

  // The address and the length are those of a mapping that was made just now.
  @SuppressWarnings("restricted")
  private static MemorySegment sized(MemorySegment mapped, long bytes, Arena arena) {
    return mapped.reinterpret(bytes, arena, segment -> unmap(segment, bytes));
  }

  private static long map(long bytes) {
    long result =
        Native.call(
            Linux.SYS_MMAP,
            0,
            bytes,
            Linux.PROT_READ | Linux.PROT_WRITE,
            Linux.MAP_PRIVATE | Linux.MAP_ANONYMOUS | Linux.MAP_NORESERVE,
            NO_DESCRIPTOR,
            0);
    if (result < 0) {
      throw new FixedRamException(
          "cannot get " + bytes + " bytes of memory: " + Errno.text(result));
    }
    return result;
  }

  /** Of memory whose arena is being closed. */
  private static void unmap(MemorySegment memory, long bytes) {
    Native.call(Linux.SYS_MUNMAP, memory.address(), bytes);
  }
}
