// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static io.fixedram.os.Native.INT;
import static io.fixedram.os.Native.LONG;
import static io.fixedram.os.Native.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** {@link SystemCalls} through the C library of x86-64 Linux. */
final class LinuxCalls implements SystemCalls {
  static final LinuxCalls INSTANCE = new LinuxCalls();

  private final Native open = Native.variadic("open", 2, POINTER, INT, INT);
  private final Native close = Native.ofInt("close", INT);
  private final Native pread = Native.ofLong("pread", INT, POINTER, LONG, LONG);
  private final Native pwrite = Native.ofLong("pwrite", INT, POINTER, LONG, LONG);
  private final Native ftruncate = Native.ofInt("ftruncate", INT, LONG);
  private final Native fallocate = Native.ofInt("fallocate", INT, INT, LONG, LONG);
  private final Native fsync = Native.ofInt("fsync", INT);
  private final Native syncFileRange = Native.ofInt("sync_file_range", INT, LONG, LONG, INT);
  private final Native flock = Native.ofInt("flock", INT, INT);
  private final Native lseek = Native.ofLong("lseek", INT, LONG, INT);
  private final Native statx = Native.ofInt("statx", INT, POINTER, INT, INT, POINTER);

  private LinuxCalls() {}

  @Override
  public int open(String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      MemorySegment name = arena.allocateFrom(path);
      return (int) Native.result((int) open.handle().invokeExact(state, name, flags, mode), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  @Override
  public int close(int descriptor) {
    return call(close, descriptor);
  }

  @Override
  public long pread(int descriptor, MemorySegment into, long offset, long length, long position) {
    return transfer(pread, descriptor, into.asSlice(offset, length), position);
  }

  @Override
  public long pwrite(int descriptor, MemorySegment from, long offset, long length, long position) {
    return transfer(pwrite, descriptor, from.asSlice(offset, length), position);
  }

  @Override
  public int ftruncate(int descriptor, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      return (int)
          Native.result((int) ftruncate.handle().invokeExact(state, descriptor, length), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  @Override
  public int fallocate(int descriptor, int mode, long position, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      int returned =
          (int) fallocate.handle().invokeExact(state, descriptor, mode, position, length);
      return (int) Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  @Override
  public int fsync(int descriptor) {
    return call(fsync, descriptor);
  }

  @Override
  public int syncFileRange(int descriptor, long position, long length, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      int returned =
          (int) syncFileRange.handle().invokeExact(state, descriptor, position, length, flags);
      return (int) Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  @Override
  public int flock(int descriptor, int operation) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      return (int)
          Native.result((int) flock.handle().invokeExact(state, descriptor, operation), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  @Override
  public long lseek(int descriptor, long position, int whence) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      return Native.result(
          (long) lseek.handle().invokeExact(state, descriptor, position, whence), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  @Override
  public int statx(int descriptor, int mask, MemorySegment into) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      MemorySegment empty = arena.allocateFrom("");
      int returned =
          (int)
              statx.handle().invokeExact(state, descriptor, empty, Linux.AT_EMPTY_PATH, mask, into);
      return (int) Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  private static int call(Native function, int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      return (int) Native.result((int) function.handle().invokeExact(state, descriptor), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  private static long transfer(
      Native function, int descriptor, MemorySegment memory, long position) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      long returned =
          (long)
              function.handle().invokeExact(state, descriptor, memory, memory.byteSize(), position);
      return Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
