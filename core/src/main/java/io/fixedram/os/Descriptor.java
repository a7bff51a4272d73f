// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * An open regular file, read and written at positions. Short transfers and signals are dealt with
 * here. Safe for use by several threads, but for {@link #close()}, which must come last.
 *
 * <p>Unlike a {@code FileChannel} it is not closed by an interrupt, takes O_DIRECT with the
 * alignment the file asks for, and can punch holes.
 */
public final class Descriptor implements AutoCloseable {
  /** What flock(2) says where it can't be had, EBADF being that of NFS (nfs(5)). */
  private static final Set<Integer> LOCK_UNSUPPORTED =
      Set.of(
          Errno.EBADF.number(),
          Errno.ENOLCK.number(),
          Errno.ENOSYS.number(),
          Errno.EOPNOTSUPP.number());

  /** What a slow disk takes in about half a second. */
  private static final long WRITE_BACK_BYTES = 8 << 20;

  private static final Set<Integer> WRITE_BACK_UNSUPPORTED =
      Set.of(
          Errno.EINVAL.number(),
          Errno.ENOSYS.number(),
          Errno.ESPIPE.number(),
          Errno.EOPNOTSUPP.number());

  private final SystemCalls calls;
  private final int number;
  private final Path path;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Descriptor(SystemCalls calls, int number, Path path) {
    this.calls = calls;
    this.number = number;
    this.path = path;
  }

  /** How a file is opened. */
  public enum Mode {
    /** For reading only; does not wait for a writer if it is a pipe. */
    READ(Linux.O_RDONLY | Linux.O_NONBLOCK),
    /** For writing only; the file exists. */
    WRITE(Linux.O_WRONLY),
    /** A directory, for {@link Descriptor#sync()}. */
    DIRECTORY(Linux.O_RDONLY | Linux.O_DIRECTORY),
    /** Its name and status only, for who may not read it; a link itself, not what it names. */
    NAME(Linux.O_PATH | Linux.O_NOFOLLOW),
    /** For reading and writing; created with mode 0600, and must not be there yet. */
    CREATE(Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL),
    /** For reading and writing; exists, and is not a link. */
    EXISTING(Linux.O_RDWR | Linux.O_NOFOLLOW),
    /** For reading and writing past the page cache; the file exists. */
    DIRECT(Linux.O_RDWR | Linux.O_DIRECT);

    private final int flags;

    Mode(int flags) {
      this.flags = flags;
    }
  }

  /**
   * What the kernel knows of a file.
   *
   * @param appendOnly whether nothing in it can be changed but by adding, renames in a directory
   *     included
   * @param mountPoint whether it is what is mounted at its name
   */
  public record Status(
      long sizeBytes,
      long allocatedBytes,
      Instant modified,
      FileKey key,
      boolean regular,
      boolean appendOnly,
      boolean mountPoint,
      OptionalLong directMemoryAlignment,
      OptionalLong directOffsetAlignment) {}

  /** What tells a file from all others of the host, whatever its name. */
  public record FileKey(long device, long inode) {}

  /**
   * Opens a file.
   *
   * @throws StorageException if that fails
   */
  public static Descriptor open(Path path, Mode mode) {
    return open(SystemCalls.linux(), path, mode);
  }

  /** The same through other system calls than the kernel's own, for tests of faults. */
  public static Descriptor open(SystemCalls calls, Path path, Mode mode) {
    long result =
        uninterrupted(() -> calls.open(path.toString(), mode.flags | Linux.O_CLOEXEC, 0600));
    if (result < 0) {
      throw failure("cannot open " + path, result);
    }
    return new Descriptor(calls, (int) result, path);
  }

  /** Opens the same path once more, through the same system calls. */
  public Descriptor reopen(Mode mode) {
    return open(calls, path, mode);
  }

  /** The descriptor's number, to hand over to another process. */
  public int number() {
    return number;
  }

  /** The path it was opened by. */
  public Path path() {
    return path;
  }

  /** Reads up to {@code length} bytes at a position; 0 at the end of the file. */
  public long read(long position, MemorySegment into, long offset, long length) {
    while (true) {
      long result = calls.pread(number, into, offset, length, position);
      if (result >= 0) {
        return result;
      }
      if (!Errno.EINTR.is(result) && !Errno.EAGAIN.is(result)) {
        throw failure("cannot read " + path + " at offset " + position, result);
      }
    }
  }

  /** Reads up to {@code length} bytes, fewer only where the file ends; the number read. */
  public long readFully(long position, MemorySegment into, long offset, long length) {
    long done = 0;
    while (done < length) {
      long count = read(position + done, into, offset + done, length - done);
      if (count == 0) {
        break;
      }
      done += count;
    }
    return done;
  }

  /**
   * Writes all of {@code length} bytes at a position.
   *
   * @throws StorageException if not all could be written
   */
  public void write(long position, MemorySegment from, long offset, long length) {
    long done = 0;
    while (done < length) {
      long result = calls.pwrite(number, from, offset + done, length - done, position + done);
      if (result == 0) {
        throw new StorageException(
            "cannot write " + path + " at offset " + (position + done) + ": nothing was taken", 0);
      }
      if (result > 0) {
        done += result;
      } else if (!Errno.EINTR.is(result) && !Errno.EAGAIN.is(result)) {
        throw failure("cannot write " + path + " at offset " + (position + done), result);
      }
    }
  }

  /** Writes a byte array at a position. */
  public void write(long position, byte[] bytes) {
    try (Arena arena = Arena.ofConfined()) {
      write(position, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), 0, bytes.length);
    }
  }

  /**
   * Makes a part of the file read as zeros and gives its space back.
   *
   * @return false if the file system has no such call; the caller then writes zeros
   */
  public boolean punchHole(long position, long length) {
    int mode = Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE;
    long result = uninterrupted(() -> calls.fallocate(number, mode, position, length));
    if (Errno.EOPNOTSUPP.is(result)) {
      return false;
    }
    check(result, "cannot punch a hole into " + path + " at offset " + position);
    return true;
  }

  /**
   * Takes space for a part of the file, which reads as zeros until it is written. Its size stays.
   *
   * @return false if that can't be done, or there is not enough of it
   */
  public boolean allocate(long position, long length) {
    int mode = Linux.FALLOC_FL_KEEP_SIZE;
    return uninterrupted(() -> calls.fallocate(number, mode, position, length)) == 0;
  }

  /** Sets the file's size; what is added reads as zeros. */
  public void setSize(long sizeBytes) {
    check(
        uninterrupted(() -> calls.ftruncate(number, sizeBytes)),
        "cannot set the size of " + path + " to " + sizeBytes + " bytes");
  }

  /**
   * Brings what was written onto the device piece by piece, so that the end can be asked for
   * meanwhile; {@link #sync()} then has little left to do.
   *
   * @throws CancelledException if it was
   */
  public void writeBack(Cancellation cancellation) {
    long size = status().sizeBytes();
    int wait =
        Linux.SYNC_FILE_RANGE_WAIT_BEFORE
            | Linux.SYNC_FILE_RANGE_WRITE
            | Linux.SYNC_FILE_RANGE_WAIT_AFTER;
    for (long next = 0; next < size; next += WRITE_BACK_BYTES) {
      long at = next;
      cancellation.throwIfCancelled();
      // The device has the next piece to write while this one is waited for.
      startWriteBack(at + WRITE_BACK_BYTES, WRITE_BACK_BYTES);
      long result = uninterrupted(() -> calls.syncFileRange(number, at, WRITE_BACK_BYTES, wait));
      if (WRITE_BACK_UNSUPPORTED.contains((int) -result)) {
        return;
      }
      check(result, "cannot sync " + path + " to its device");
    }
    cancellation.throwIfCancelled();
  }

  /** Returns when all that was written is on the device. */
  public void sync() {
    check(uninterrupted(() -> calls.fsync(number)), "cannot sync " + path + " to its device");
  }

  /**
   * Has the kernel begin to write what the page cache holds of a part of the file, so that little
   * is left for {@link #sync()}. Where that can't be done it is left for then, with its errors.
   */
  public void startWriteBack(long position, long length) {
    var _ = calls.syncFileRange(number, position, length, Linux.SYNC_FILE_RANGE_WRITE);
  }

  /** Takes a lock that lasts until close, alone or with other readers; false if it is taken. */
  public boolean tryLock(boolean shared) {
    long result =
        uninterrupted(
            () -> calls.flock(number, (shared ? Linux.LOCK_SH : Linux.LOCK_EX) | Linux.LOCK_NB));
    if (Errno.EAGAIN.is(result)) {
      return false;
    }
    check(result, "cannot lock " + path);
    return true;
  }

  /**
   * The same, and true where there is no such lock: on a file system without any, and on NFS, which
   * gives locks for writers only to who may write.
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
   * Puts a mark on the file, which others see by {@link #isMarked} until the last copy of this
   * descriptor is closed: a lock for readers on one byte far behind the end of any file. Programs
   * that lock files for reasons of their own set none there.
   *
   * @return false where there are no such locks
   */
  public boolean mark(long position) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment lock = byteLock(arena, Linux.F_RDLCK, position);
      return calls.recordLock(number, Linux.F_OFD_SETLK, lock) == 0;
    }
  }

  /** Whether others have put that mark on the file; true where that can't be found out. */
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

  /** Whether its file system keeps files in memory; false if that can't be found out. */
  public boolean isInMemory() {
    long type = calls.fileSystemType(number);
    return type == Linux.TMPFS_MAGIC || type == Linux.RAMFS_MAGIC;
  }

  /** The first position at or after one that may hold data; empty if only a hole follows. */
  public OptionalLong nextData(long position) {
    return seek(position, Linux.SEEK_DATA);
  }

  /** The first position at or after one that lies in a hole; the file's end counts as one. */
  public OptionalLong nextHole(long position) {
    return seek(position, Linux.SEEK_HOLE);
  }

  private OptionalLong seek(long position, int whence) {
    long result = calls.lseek(number, position, whence);
    if (Errno.ENXIO.is(result)) {
      return OptionalLong.empty();
    }
    check(result, "cannot seek in " + path + " from offset " + position);
    return OptionalLong.of(result);
  }

  /** Asks the kernel about the file. */
  public Status status() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stat = arena.allocate(Linux.STATX_BYTES, Long.BYTES);
      int wanted = Linux.STATX_BASIC_STATS | Linux.STATX_DIOALIGN;
      check(calls.statx(number, wanted, stat), "cannot ask for the status of " + path);
      boolean known = (int32(stat, Linux.STATX_MASK_AT) & Linux.STATX_DIOALIGN) != 0;
      long attributes = stat.get(ValueLayout.JAVA_LONG, Linux.STATX_ATTRIBUTES_AT);
      long device =
          ((long) int32(stat, Linux.STATX_DEVICE_MAJOR_AT) << 32)
              | Integer.toUnsignedLong(int32(stat, Linux.STATX_DEVICE_MINOR_AT));
      return new Status(
          stat.get(ValueLayout.JAVA_LONG, Linux.STATX_SIZE_AT),
          stat.get(ValueLayout.JAVA_LONG, Linux.STATX_BLOCKS_AT) * 512,
          Instant.ofEpochSecond(
              stat.get(ValueLayout.JAVA_LONG, Linux.STATX_MODIFIED_SECONDS_AT),
              int32(stat, Linux.STATX_MODIFIED_NANOSECONDS_AT)),
          new FileKey(device, stat.get(ValueLayout.JAVA_LONG, Linux.STATX_INODE_AT)),
          (stat.get(ValueLayout.JAVA_SHORT, Linux.STATX_MODE_AT) & 0170000) == 0100000,
          (attributes & Linux.STATX_ATTR_APPEND) != 0,
          (attributes & Linux.STATX_ATTR_MOUNT_ROOT) != 0,
          alignment(known, stat, Linux.STATX_DIO_MEMORY_ALIGN_AT),
          alignment(known, stat, Linux.STATX_DIO_OFFSET_ALIGN_AT));
    }
  }

  private static OptionalLong alignment(boolean known, MemorySegment stat, long at) {
    return known ? OptionalLong.of(Integer.toUnsignedLong(int32(stat, at))) : OptionalLong.empty();
  }

  private static int int32(MemorySegment stat, long at) {
    return stat.get(ValueLayout.JAVA_INT, at);
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      calls.close(number);
    }
  }

  /** The result of a call, made again if a signal ended it. */
  private static long uninterrupted(LongSupplier call) {
    long result;
    do {
      result = call.getAsLong();
    } while (Errno.EINTR.is(result));
    return result;
  }

  private static void check(long result, String what) {
    if (result < 0) {
      throw failure(what, result);
    }
  }

  private static StorageException failure(String what, long result) {
    return new StorageException(what + ": " + Errno.text(result), (int) -result);
  }
}
