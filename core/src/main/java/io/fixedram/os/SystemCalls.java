// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.MemorySegment;

/**
 * The system calls that this project makes on files it writes, and on those it reads, each with the
 * raw result of the kernel: zero or a count, or an error number negated. Safe for use by several
 * threads. An interface so that tests can put faults between a file and the kernel.
 */
public interface SystemCalls {

  /** The calls of the running system, through the C library. */
  static SystemCalls linux() {
    return LinuxCalls.INSTANCE;
  }

  /** open(2); flags and mode as there. */
  int open(String path, int flags, int mode);

  /** close(2). */
  int close(int descriptor);

  /** pread(2) of up to {@code length} bytes into memory at {@code offset} of {@code into}. */
  long pread(int descriptor, MemorySegment into, long offset, long length, long position);

  /** pwrite(2) of up to {@code length} bytes of memory at {@code offset} of {@code from}. */
  long pwrite(int descriptor, MemorySegment from, long offset, long length, long position);

  /** ftruncate(2). */
  int ftruncate(int descriptor, long length);

  /** fallocate(2); mode as there. */
  int fallocate(int descriptor, int mode, long position, long length);

  /** fsync(2). */
  int fsync(int descriptor);

  /** sync_file_range(2); flags as there. */
  int syncFileRange(int descriptor, long position, long length, int flags);

  /** flock(2); operation as there. */
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

  /** fstatfs(2): the number of the file system's type. */
  long fileSystemType(int descriptor);
}
