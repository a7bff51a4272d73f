// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.MemorySegment;

/**
 * The system calls of this project on files, each with the raw result of the kernel: zero, a count,
 * or a negated error number. Thread-safe. An interface so that tests can inject faults.
 */
public interface SystemCalls {

  /** The system calls of the running kernel, through the C library. */
  static SystemCalls linux() {
    return LinuxCalls.INSTANCE;
  }

  /** open(2), with its flags and mode. */
  int open(String path, int flags, int mode);

  /** close(2). */
  int close(int descriptor);

  /** pread(2) of up to {@code length} bytes into memory at {@code offset} of {@code into}. */
  long pread(int descriptor, MemorySegment into, long offset, long length, long position);

  /** pwrite(2) of up to {@code length} bytes of memory at {@code offset} of {@code from}. */
  long pwrite(int descriptor, MemorySegment from, long offset, long length, long position);

  /** ftruncate(2). */
  int ftruncate(int descriptor, long length);

  /** fallocate(2), with its mode. */
  int fallocate(int descriptor, int mode, long position, long length);

  /** fsync(2). */
  int fsync(int descriptor);

  /** sync_file_range(2), with its flags. */
  int syncFileRange(int descriptor, long position, long length, int flags);

  /** flock(2), with its operation. */
  int flock(int descriptor, int operation);

  /** fcntl(2) with F_OFD_SETLK or F_OFD_GETLK and a {@code struct flock} of 32 bytes. */
  int recordLock(int descriptor, int command, MemorySegment lock);

  /** rmdir(2). */
  int removeDirectory(String path);

  /** lseek(2), for SEEK_DATA and SEEK_HOLE. */
  long lseek(int descriptor, long position, int whence);

  /** statx(2) of the open file itself into a {@code struct statx} of 256 bytes. */
  int statx(int descriptor, int mask, MemorySegment into);

  /** rename(2). */
  int rename(String from, String to);

  /** unlink(2). */
  int unlink(String path);

  /** fstatfs(2): the type of the file system. */
  long fileSystemType(int descriptor);

  /**
   * fstatfs(2): free bytes of the file system, with those that only some users may take; {@link
   * Long#MAX_VALUE} if it has no limit.
   */
  long freeBytes(int descriptor);
}
