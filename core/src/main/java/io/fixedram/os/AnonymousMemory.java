// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.FixedRamException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Anonymous memory that reads as zeros and takes no host memory until it is written, unlike memory
 * of {@link Arena#allocate}, which is filled with zeros at once.
 */
public final class AnonymousMemory {
  private static final int NO_DESCRIPTOR = -1;

  /** Size of a huge page on x86-64. */
  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private static final long PAGE_BYTES = 4096;

  private AnonymousMemory() {}

  /**
   * Maps memory that is aligned to the host's page size.
   *
   * @param arena arena that unmaps the memory when it is closed
   * @throws FixedRamException if the kernel refuses
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    if (bytes == 0) {
      return arena.allocate(0);
    }
    MemorySegment mapped = MemorySegment.ofAddress(map(bytes));
    return sized(mapped, bytes, arena);
  }

  /**
   * Maps memory that is aligned to huge pages and consists of them if the kernel has any, for
   * buffers that are used repeatedly.
   */
  public static MemorySegment allocateHuge(Arena arena, long bytes) {
    MemorySegment room = allocate(arena, bytes + HUGE_PAGE_BYTES);
    MemorySegment memory = room.asSlice(-room.address() & (HUGE_PAGE_BYTES - 1), bytes);
    // A kernel without huge pages refuses, which only costs speed.
    var _ = Native.call(Linux.SYS_MADVISE, Native.address(memory), bytes, Linux.MADV_HUGEPAGE);
    return memory;
  }

  /**
   * Populates all pages of memory now instead of on the first write to each. The content must be
   * zero.
   *
   * @throws FixedRamException if the host does not have enough memory, which is detected only by
   *     Linux 5.14 and later
   */
  public static void populate(MemorySegment memory) {
    long result =
        Native.call(
            Linux.SYS_MADVISE,
            Native.address(memory),
            memory.byteSize(),
            Linux.MADV_POPULATE_WRITE);
    if (Errno.EINVAL.is(result)) {
      // Kernels before 5.14 don't know it.
      for (long at = 0; at < memory.byteSize(); at += PAGE_BYTES) {
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
      }
    } else if (result < 0) {
      throw notGiven(memory.byteSize(), result);
    }
  }

  // Address and length are those of a mapping that was just created.
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
      throw notGiven(bytes, result);
    }
    return result;
  }

  private static FixedRamException notGiven(long bytes, long result) {
    return new FixedRamException("cannot get " + bytes + " bytes of memory: " + Errno.text(result));
  }

  /** Unmaps memory whose arena is being closed. */
  private static void unmap(MemorySegment memory, long bytes) {
    Native.call(Linux.SYS_MUNMAP, memory.address(), bytes);
  }
}
