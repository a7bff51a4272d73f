// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static io.fixedram.os.Native.INT;
import static io.fixedram.os.Native.LONG;
import static io.fixedram.os.Native.POINTER;

import io.fixedram.error.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Tells whether a file can be mapped copy-on-write, which not every file system lets be done. */
public final class PrivateMapping {
  private static final Native MMAP = Native.ofLong("mmap", POINTER, LONG, INT, INT, INT, LONG);
  private static final Native MUNMAP = Native.ofInt("munmap", POINTER, LONG);
  private static final long PROBE_BYTES = 4096;

  private PrivateMapping() {}

  /**
   * Maps a page for a moment, and looks at none of it.
   *
   * @param position where in the file, a multiple of the host's page size
   * @throws StorageException if it can't be mapped
   */
  public static void probe(Descriptor descriptor, long position) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      long result = Native.result(map(state, descriptor.number(), position), state);
      if (result < 0) {
        throw new StorageException(
            "cannot map " + descriptor.path() + " into memory: " + Errno.text(result),
            (int) -result);
      }
      unmap(state, result);
    }
  }

  private static long map(MemorySegment state, int descriptor, long position) {
    int protection = Linux.PROT_READ | Linux.PROT_WRITE;
    try {
      return (long)
          MMAP.handle()
              .invokeExact(
                  state,
                  MemorySegment.NULL,
                  PROBE_BYTES,
                  protection,
                  Linux.MAP_PRIVATE,
                  descriptor,
                  position);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  private static void unmap(MemorySegment state, long address) {
    try {
      var _ =
          (int) MUNMAP.handle().invokeExact(state, MemorySegment.ofAddress(address), PROBE_BYTES);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
