// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.List;

/**
 * Another process of this host, opened by pidfd_open(2), so that reuse of its id is detected. Its
 * memory is read and written by process_vm_readv(2) and process_vm_writev(2), which require the
 * permission to attach by ptrace(2). Safe for use by several threads, except {@link #close()},
 * which must be called last.
 */
public final class OtherProcess implements AutoCloseable {
  /** UIO_MAXIOV of linux/uio.h. */
  private static final int MAX_PIECES_PER_CALL = 1024;

  private final int id;
  private final int descriptor;

  private OtherProcess(int id, int descriptor) {
    this.id = id;
    this.descriptor = descriptor;
  }

  /**
   * A range of memory to copy.
   *
   * @param offset offset in the memory of this process
   * @param address address in the other process
   * @param length length in bytes
   */
  public record Range(long offset, long address, long length) {}

  /**
   * Opens a process.
   *
   * @throws StorageException if there is no process with that id
   */
  public static OtherProcess open(int id) {
    int descriptor = (int) Native.call(Linux.SYS_PIDFD_OPEN, id, 0);
    if (descriptor < 0) {
      throw new StorageException(
          "cannot open process " + id + ": " + Errno.text(descriptor), -descriptor);
    }
    return new OtherProcess(id, descriptor);
  }

  /** Id of the process. */
  public int id() {
    return id;
  }

  /** Whether the process still exists. */
  public boolean isAlive() {
    return SocketCalls.poll(descriptor, Linux.POLLIN, 0) == 0;
  }

  /**
   * Copies memory of the process.
   *
   * @param into native memory of this process
   * @throws StorageException if not all ranges can be read; a part may have been copied
   */
  public void read(MemorySegment into, List<Range> ranges) {
    move(Linux.SYS_PROCESS_VM_READV, "cannot read the memory of process ", into, ranges);
  }

  /**
   * Overwrites memory of the process.
   *
   * @param from native memory of this process
   * @throws StorageException if not all ranges can be written; a part may have been written
   */
  public void write(MemorySegment from, List<Range> ranges) {
    move(Linux.SYS_PROCESS_VM_WRITEV, "cannot write the memory of process ", from, ranges);
  }

  private void move(long call, String what, MemorySegment ours, List<Range> ranges) {
    checkAlive(what);
    for (int first = 0; first < ranges.size(); first += MAX_PIECES_PER_CALL) {
      int end = Math.min(ranges.size(), first + MAX_PIECES_PER_CALL);
      moveSome(call, what, ours, ranges.subList(first, end));
    }
    // The id may have been reused by another process meanwhile.
    checkAlive(what);
  }

  private void checkAlive(String what) {
    if (!isAlive()) {
      int gone = Errno.ESRCH.number();
      throw new StorageException(what + id + ": " + Errno.text(gone), gone);
    }
  }

  private void moveSome(long call, String what, MemorySegment ours, List<Range> ranges) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment here = vectors(arena, ranges);
      MemorySegment there = vectors(arena, ranges);
      long start = Native.address(ours);
      for (int i = 0; i < ranges.size(); i++) {
        Range range = ranges.get(i);
        // Checks the bounds.
        MemorySegment place = ours.asSlice(range.offset(), range.length());
        put(here, i, start + range.offset(), place.byteSize());
        put(there, i, range.address(), range.length());
      }
      int at = 0;
      while (at < ranges.size()) {
        long moved =
            Native.callWith(
                call,
                id,
                here.asSlice(at * (long) Linux.IOVEC_BYTES),
                ranges.size() - at,
                Native.address(there) + at * (long) Linux.IOVEC_BYTES,
                ranges.size() - at,
                0);
        if (moved > 0) {
          at = advance(here, there, at, moved);
        } else if (!Errno.EINTR.is(moved)) {
          throw failure(
              what, moved, there.get(ValueLayout.JAVA_LONG, at * (long) Linux.IOVEC_BYTES));
        }
      }
    } finally {
      Reference.reachabilityFence(ours);
    }
  }

  private StorageException failure(String what, long result, long address) {
    return new StorageException(
        what + id + " at address " + Long.toHexString(address) + ": " + Errno.text(result),
        (int) -result);
  }

  private static MemorySegment vectors(Arena arena, List<Range> ranges) {
    return arena.allocate((long) ranges.size() * Linux.IOVEC_BYTES, Long.BYTES);
  }

  private static void put(MemorySegment vectors, int index, long address, long length) {
    vectors.set(ValueLayout.JAVA_LONG, (long) index * Linux.IOVEC_BYTES, address);
    vectors.set(ValueLayout.JAVA_LONG, (long) index * Linux.IOVEC_BYTES + Linux.IOV_LEN_AT, length);
  }

  /** Removes copied bytes from the ranges; returns the index of the first range with bytes left. */
  private static int advance(MemorySegment here, MemorySegment there, int first, long moved) {
    int at = first;
    long left = moved;
    while (left > 0) {
      long length = length(here, at);
      if (length > left) {
        put(here, at, address(here, at) + left, length - left);
        put(there, at, address(there, at) + left, length - left);
        return at;
      }
      left -= length;
      at++;
    }
    return at;
  }

  private static long address(MemorySegment vectors, int index) {
    return vectors.get(ValueLayout.JAVA_LONG, (long) index * Linux.IOVEC_BYTES);
  }

  private static long length(MemorySegment vectors, int index) {
    return vectors.get(ValueLayout.JAVA_LONG, (long) index * Linux.IOVEC_BYTES + Linux.IOV_LEN_AT);
  }

  @Override
  public void close() {
    SystemCalls.linux().close(descriptor);
  }
}
