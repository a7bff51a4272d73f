// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static io.fixedram.os.Native.INT;
import static io.fixedram.os.Native.LONG;
import static io.fixedram.os.Native.POINTER;

import io.fixedram.error.FixedRamException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory of any size that reads as zeros and takes nothing until it is written, unlike that of
 * {@link Arena#allocate}, which fills it with zeros at once.
 */
public final class AnonymousMemory {
  private static final Native MMAP = Native.ofLong("mmap", POINTER, LONG, INT, INT, INT, LONG);
  private static final Native MUNMAP = Native.ofInt("munmap", POINTER, LONG);
  private static final Native MADVISE = Native.ofInt("madvise", POINTER, LONG, INT);
  private static final int NO_DESCRIPTOR = -1;

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
   * The same in huge pages where the kernel has them to give, for memory that is used again and
   * again.
   */
  public static MemorySegment allocateHuge(Arena arena, long bytes) {
    MemorySegment memory = allocate(arena, bytes);
    try (Arena call = Arena.ofConfined()) {
      MemorySegment state = call.allocate(Native.stateLayout());
      // A kernel without huge pages refuses, which costs nothing but speed.
      var _ = (int) MADVISE.handle().invokeExact(state, memory, bytes, Linux.MADV_HUGEPAGE);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
    return memory;
  }

  // The address and the length are those of a mapping that was made just now.
  @SuppressWarnings("restricted")
  private static MemorySegment sized(MemorySegment mapped, long bytes, Arena arena) {
    return mapped.reinterpret(bytes, arena, segment -> unmap(segment, bytes));
  }

  private static long map(long bytes) {
    long result;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      int protection = Linux.PROT_READ | Linux.PROT_WRITE;
      int flags = Linux.MAP_PRIVATE | Linux.MAP_ANONYMOUS | Linux.MAP_NORESERVE;
      long returned =
          (long)
              MMAP.handle()
                  .invokeExact(
                      state, MemorySegment.NULL, bytes, protection, flags, NO_DESCRIPTOR, 0L);
      result = Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
    if (result < 0) {
      throw new FixedRamException(
          "cannot get " + bytes + " bytes of memory: " + Errno.text(result));
    }
    return result;
  }

  private static void unmap(MemorySegment memory, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      var _ = (int) MUNMAP.handle().invokeExact(state, memory, bytes);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
