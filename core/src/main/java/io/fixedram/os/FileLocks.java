// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Set;

/** Locks of an open file, which belong to its descriptor. */
public final class FileLocks {
  /** Errors of flock(2) on file systems without locks; EBADF is that of NFS (nfs(5)). */
  private static final Set<Integer> LOCK_UNSUPPORTED =
      Set.of(
          Errno.EBADF.number(),
          Errno.ENOLCK.number(),
          Errno.ENOSYS.number(),
          Errno.EOPNOTSUPP.number());

  private final SystemCalls calls;
  private final int number;
  private final Path path;

  /**
   * The locks of a descriptor.
   *
   * @param calls the system calls to use
   * @param number number of the descriptor, which stays open
   * @param path the file, for messages
   */
  public FileLocks(SystemCalls calls, int number, Path path) {
    this.calls = calls;
    this.number = number;
    this.path = path;
  }

  /**
   * Takes an exclusive or shared flock(2) until the last copy of the descriptor is closed; returns
   * false if it conflicts.
   */
  public boolean tryLock(boolean shared) {
    long result =
        Descriptor.uninterrupted(
            () -> calls.flock(number, (shared ? Linux.LOCK_SH : Linux.LOCK_EX) | Linux.LOCK_NB));
    if (Errno.EAGAIN.is(result)) {
      return false;
    }
    Descriptor.check(result, "cannot lock " + path);
    return true;
  }

  /**
   * Takes a lock as {@link #tryLock} does, but also returns true if locks are not supported: on a
   * file system without locks, and on NFS, which requires write access for exclusive locks.
   */
  public boolean tryLockIfSupported(boolean shared) {
    try {
      return tryLock(shared);
    } catch (StorageException e) {
      if (LOCK_UNSUPPORTED.contains(e.errno())) {
        return true;
      }
      throw e;
    }
  }

  /**
   * Marks the file, visibly for others by {@link #isMarked} until the last copy of the descriptor
   * is closed: a shared record lock on one byte far behind the end of any file, where other
   * programs set no locks.
   *
   * @return false if the file system has no such locks
   */
  public boolean mark(long position) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment lock = byteLock(arena, Linux.F_RDLCK, position);
      return calls.recordLock(number, Linux.F_OFD_SETLK, lock) == 0;
    }
  }

  /** Whether others have marked the file; true if that can't be determined. */
  public boolean isMarked(long position) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment lock = byteLock(arena, Linux.F_WRLCK, position);
      return calls.recordLock(number, Linux.F_OFD_GETLK, lock) != 0
          || lock.get(ValueLayout.JAVA_SHORT, 0) != Linux.F_UNLCK;
    }
  }

  private static MemorySegment byteLock(Arena arena, short type, long position) {
    MemorySegment lock = arena.allocate(Linux.FLOCK_BYTES, Long.BYTES);
    lock.set(ValueLayout.JAVA_SHORT, 0, type);
    lock.set(ValueLayout.JAVA_LONG, Linux.FLOCK_START_AT, position);
    lock.set(ValueLayout.JAVA_LONG, Linux.FLOCK_LENGTH_AT, 1);
    return lock;
  }
}
