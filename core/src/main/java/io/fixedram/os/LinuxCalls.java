// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.function.ToLongFunction;

/** The {@link SystemCalls} of x86-64 Linux. */
final class LinuxCalls implements SystemCalls {
  static final LinuxCalls INSTANCE = new LinuxCalls();

  private LinuxCalls() {}

  @Override
  public int open(String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      long name = Native.address(arena.allocateFrom(path));
      return (int) Native.call(Linux.SYS_OPEN, name, flags, mode);
    }
  }

  @Override
  public int close(int descriptor) {
    return (int) Native.call(Linux.SYS_CLOSE, descriptor);
  }

  @Override
  public long pread(int descriptor, MemorySegment into, long offset, long length, long position) {
    return transfer(Linux.SYS_PREAD64, descriptor, into.asSlice(offset, length), position);
  }

  @Override
  public long pwrite(int descriptor, MemorySegment from, long offset, long length, long position) {
    return transfer(Linux.SYS_PWRITE64, descriptor, from.asSlice(offset, length), position);
  }

  private static long transfer(long number, int descriptor, MemorySegment memory, long position) {
    return Native.callWith(number, descriptor, memory, memory.byteSize(), position);
  }

  @Override
  public int ftruncate(int descriptor, long length) {
    return (int) Native.call(Linux.SYS_FTRUNCATE, descriptor, length);
  }

  @Override
  public int fallocate(int descriptor, int mode, long position, long length) {
    return (int) Native.call(Linux.SYS_FALLOCATE, descriptor, mode, position, length);
  }

  @Override
  public int fsync(int descriptor) {
    return (int) Native.call(Linux.SYS_FSYNC, descriptor);
  }

  @Override
  public int syncFileRange(int descriptor, long position, long length, int flags) {
    return (int) Native.call(Linux.SYS_SYNC_FILE_RANGE, descriptor, position, length, flags);
  }

  @Override
  public int flock(int descriptor, int operation) {
    return (int) Native.call(Linux.SYS_FLOCK, descriptor, operation);
  }

  @Override
  public int recordLock(int descriptor, int command, MemorySegment lock) {
    try {
      return (int) Native.call(Linux.SYS_FCNTL, descriptor, command, Native.address(lock));
    } finally {
      Reference.reachabilityFence(lock);
    }
  }

  @Override
  public int removeDirectory(String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) Native.call(Linux.SYS_RMDIR, Native.address(arena.allocateFrom(path)));
    }
  }

  @Override
  public long lseek(int descriptor, long position, int whence) {
    return Native.call(Linux.SYS_LSEEK, descriptor, position, whence);
  }

  @Override
  public int statx(int descriptor, int mask, MemorySegment into) {
    try (Arena arena = Arena.ofConfined()) {
      long empty = Native.address(arena.allocateFrom(""));
      return (int)
          Native.call(
              Linux.SYS_STATX, descriptor, empty, Linux.AT_EMPTY_PATH, mask, Native.address(into));
    } finally {
      Reference.reachabilityFence(into);
    }
  }

  @Override
  public int rename(String from, String to) {
    try (Arena arena = Arena.ofConfined()) {
      long source = Native.address(arena.allocateFrom(from));
      return (int) Native.call(Linux.SYS_RENAME, source, Native.address(arena.allocateFrom(to)));
    }
  }

  @Override
  public int unlink(String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) Native.call(Linux.SYS_UNLINK, Native.address(arena.allocateFrom(path)));
    }
  }

  @Override
  public long fileSystemType(int descriptor) {
    return statfs(descriptor, into -> into.get(ValueLayout.JAVA_LONG, Linux.STATFS_TYPE_AT));
  }

  @Override
  public long freeBytes(int descriptor) {
    return statfs(
        descriptor,
        into ->
            // A tmpfs without a limit has no number of blocks.
            into.get(ValueLayout.JAVA_LONG, Linux.STATFS_BLOCKS_AT) == 0
                ? Long.MAX_VALUE
                : into.get(ValueLayout.JAVA_LONG, Linux.STATFS_BLOCK_BYTES_AT)
                    * into.get(ValueLayout.JAVA_LONG, Linux.STATFS_FREE_BLOCKS_AT));
  }

  private static long statfs(int descriptor, ToLongFunction<MemorySegment> field) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(Linux.STATFS_BYTES, Long.BYTES);
      long result = Native.callWith(Linux.SYS_FSTATFS, descriptor, into);
      return result < 0 ? result : field.applyAsLong(into);
    }
  }
}
