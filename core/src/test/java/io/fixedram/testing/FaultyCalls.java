// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.os.SystemCalls;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The kernel's calls, some of which fail as a plan says. Keeps a list of all calls, and which
 * descriptors are open.
 */
public class FaultyCalls implements SystemCalls {
  /** A result in place of an error number: the transfer moves a part of the bytes only. */
  public static final int SHORT = -1;

  /** A result in place of an error number: the transfer succeeds and moves nothing. */
  public static final int NOTHING = -2;

  private final SystemCalls kernel = SystemCalls.linux();
  private final Plan plan;
  private final List<Call> calls = new ArrayList<>();
  private final Set<Integer> open = new HashSet<>();

  /** Which call it is. */
  public enum Kind {
    OPEN,
    CLOSE,
    PREAD,
    PWRITE,
    FTRUNCATE,
    FALLOCATE,
    FSYNC,
    SYNC_FILE_RANGE,
    FLOCK,
    LSEEK,
    STATX,
    RENAME,
    UNLINK
  }

  /**
   * A call that was made.
   *
   * @param index its place among all calls
   * @param flags flags of an open
   * @param position where a transfer began
   * @param path what was opened, renamed or unlinked, empty if it is another call
   */
  public record Call(Kind kind, int index, int flags, long position, String path) {}

  /** Says which calls fail. */
  public interface Plan {
    /** 0, an error number, or one of the constants above. May look at the world meanwhile. */
    int fault(Call call);
  }

  /** Lets some calls fail. */
  public FaultyCalls(Plan plan) {
    this.plan = plan;
  }

  /** Lets none fail. */
  public static FaultyCalls none() {
    return new FaultyCalls(call -> 0);
  }

  /** All calls made so far. */
  public final synchronized List<Call> calls() {
    return List.copyOf(calls);
  }

  /** Descriptors opened and not closed. */
  public final synchronized Set<Integer> open() {
    return Set.copyOf(open);
  }

  private int fault(Kind kind, int flags, long position) {
    return fault(kind, flags, position, "");
  }

  private synchronized int fault(Kind kind, int flags, long position, String path) {
    Call call = new Call(kind, calls.size(), flags, position, path);
    calls.add(call);
    return plan.fault(call);
  }

  @Override
  public int open(String path, int flags, int mode) {
    int fault = fault(Kind.OPEN, flags, 0, path);
    if (fault != 0) {
      return -fault;
    }
    int descriptor = kernel.open(path, flags, mode);
    if (descriptor >= 0) {
      synchronized (this) {
        open.add(descriptor);
      }
    }
    return descriptor;
  }

  @Override
  public int close(int descriptor) {
    int fault = fault(Kind.CLOSE, 0, 0);
    synchronized (this) {
      open.remove(descriptor);
    }
    int result = kernel.close(descriptor);
    return fault == 0 ? result : -fault;
  }

  @Override
  public long pread(int descriptor, MemorySegment into, long offset, long length, long position) {
    int fault = fault(Kind.PREAD, 0, position);
    if (fault == NOTHING) {
      return 0;
    }
    return fault > 0
        ? -fault
        : kernel.pread(descriptor, into, offset, part(fault, length), position);
  }

  @Override
  public long pwrite(int descriptor, MemorySegment from, long offset, long length, long position) {
    int fault = fault(Kind.PWRITE, 0, position);
    if (fault == NOTHING) {
      return 0;
    }
    return fault > 0
        ? -fault
        : kernel.pwrite(descriptor, from, offset, part(fault, length), position);
  }

  /** A part of a transfer: whole sectors if it can be, as the kernel does of direct writes. */
  private static long part(int fault, long length) {
    if (fault != SHORT || length == 1) {
      return length;
    }
    return length >= 8192 ? length / 2 / 4096 * 4096 : length / 2;
  }

  @Override
  public int ftruncate(int descriptor, long length) {
    int fault = fault(Kind.FTRUNCATE, 0, length);
    return fault != 0 ? -fault : kernel.ftruncate(descriptor, length);
  }

  @Override
  public int fallocate(int descriptor, int mode, long position, long length) {
    int fault = fault(Kind.FALLOCATE, mode, position);
    return fault != 0 ? -fault : kernel.fallocate(descriptor, mode, position, length);
  }

  @Override
  public int fsync(int descriptor) {
    int fault = fault(Kind.FSYNC, 0, 0);
    return fault != 0 ? -fault : kernel.fsync(descriptor);
  }

  @Override
  public int syncFileRange(int descriptor, long position, long length, int flags) {
    int fault = fault(Kind.SYNC_FILE_RANGE, flags, position);
    return fault != 0 ? -fault : kernel.syncFileRange(descriptor, position, length, flags);
  }

  @Override
  public int flock(int descriptor, int operation) {
    int fault = fault(Kind.FLOCK, operation, 0);
    return fault != 0 ? -fault : kernel.flock(descriptor, operation);
  }

  @Override
  public int recordLock(int descriptor, int command, MemorySegment lock) {
    return kernel.recordLock(descriptor, command, lock);
  }

  @Override
  public int removeDirectory(String path) {
    return kernel.removeDirectory(path);
  }

  @Override
  public long lseek(int descriptor, long position, int whence) {
    int fault = fault(Kind.LSEEK, whence, position);
    return fault != 0 ? -fault : kernel.lseek(descriptor, position, whence);
  }

  @Override
  public int statx(int descriptor, int mask, MemorySegment into) {
    int fault = fault(Kind.STATX, mask, 0);
    return fault != 0 ? -fault : kernel.statx(descriptor, mask, into);
  }

  @Override
  public int rename(String from, String to) {
    int fault = fault(Kind.RENAME, 0, 0, from);
    return fault != 0 ? -fault : kernel.rename(from, to);
  }

  @Override
  public int unlink(String path) {
    int fault = fault(Kind.UNLINK, 0, 0, path);
    return fault != 0 ? -fault : kernel.unlink(path);
  }

  /** That of no file system in memory, so that tests in memory go the ways that disks go. */
  @Override
  public long fileSystemType(int descriptor) {
    return 0;
  }

  @Override
  public long freeBytes(int descriptor) {
    return kernel.freeBytes(descriptor);
  }
}
