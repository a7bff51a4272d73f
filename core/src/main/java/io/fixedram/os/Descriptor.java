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
 * An open regular file, read and written at positions. Short transfers and EINTR are handled. Safe
 * for use by several threads, except {@link #close()}, which must be called last.
 *
 * <p>Unlike a {@code FileChannel} it is not closed by an interrupt, supports O_DIRECT with the
 * alignment that the file requires, and can punch holes.
 */
public final class Descriptor implements AutoCloseable {
  /** Bytes that a slow disk writes in about half a second. */
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

  /** Mode of opening a file. */
  public enum Mode {
    /** For reading only; does not wait for a writer if it is a pipe. */
    READ(Linux.O_RDONLY | Linux.O_NONBLOCK),
    /** For writing only; the file must exist. */
    WRITE(Linux.O_WRONLY),
    /** A directory, for {@link Descriptor#sync()}. */
    DIRECTORY(Linux.O_RDONLY | Linux.O_DIRECTORY),
    /** For its status only, which needs no read permission; does not follow a link. */
    NAME(Linux.O_PATH | Linux.O_NOFOLLOW),
    /** For reading and writing; the file is created with mode 0600 and must not exist. */
    CREATE(Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL),
    /** For reading and writing; the file must exist and not be a link. */
    EXISTING(Linux.O_RDWR | Linux.O_NOFOLLOW),
    /** For reading and writing with O_DIRECT; the file must exist. */
    DIRECT(Linux.O_RDWR | Linux.O_DIRECT);

    private final int flags;

    Mode(int flags) {
      this.flags = flags;
    }
  }

  /**
   * Status of a file from statx(2).
   *
   * @param appendOnly whether content can only be added; in such a directory nothing can be renamed
   * @param mountPoint whether it is the root of a mount
   * @param directOffsetAlignment 0 if O_DIRECT is not supported; empty if unknown
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

  /** Identity of a file on this host, independent of its name. */
  public record FileKey(long device, long inode) {}

  /**
   * Opens a file.
   *
   * @throws StorageException if opening fails
   */
  public static Descriptor open(Path path, Mode mode) {
    return open(SystemCalls.linux(), path, mode);
  }

  /** Opens a file through the given system calls, for tests of faults. */
  public static Descriptor open(SystemCalls calls, Path path, Mode mode) {
    long result =
        uninterrupted(() -> calls.open(path.toString(), mode.flags | Linux.O_CLOEXEC, 0600));
    if (result < 0) {
      throw failure("cannot open " + path, result);
    }
    return new Descriptor(calls, (int) result, path);
  }

  /** Opens the same path again, through the same system calls. */
  public Descriptor reopen(Mode mode) {
    return open(calls, path, mode);
  }

  /** Number of the file descriptor, for handing it to another process. */
  public int number() {
    return number;
  }

  /** Path that the file was opened by. */
  public Path path() {
    return path;
  }

  /** Reads up to {@code length} bytes at a position; returns 0 at the end of the file. */
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

  /** Reads up to {@code length} bytes, fewer only at the end of the file. Returns their number. */
  public long readUpTo(long position, MemorySegment into, long offset, long length) {
    return ShortReads.readUpTo(this::read, position, into, offset, length);
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
            "cannot write " + path + " at offset " + (position + done) + ": 0 bytes written", 0);
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
   * Makes a part of the file read as zeros and frees its space.
   *
   * @return false if the file system can't punch holes; the caller must then write zeros
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
   * Allocates space for a part of the file, which then reads as zeros, without changing its size.
   *
   * @return false if the file system does not support it, or has not enough space
   */
  public boolean allocate(long position, long length) {
    int mode = Linux.FALLOC_FL_KEEP_SIZE;
    return uninterrupted(() -> calls.fallocate(number, mode, position, length)) == 0;
  }

  /**
   * Allocates space for a part of the file, which then reads as zeros, without changing its size.
   *
   * @throws StorageException if the file system does not support it, or has not enough space
   */
  public void reserve(long position, long length) {
    int mode = Linux.FALLOC_FL_KEEP_SIZE;
    check(
        uninterrupted(() -> calls.fallocate(number, mode, position, length)),
        "cannot reserve " + length + " bytes for " + path + " at offset " + position);
  }

  /** The file system that the file is on. */
  public FileSystem fileSystem() {
    return FileSystem.of(calls, number);
  }

  /** Sets the file's size; added bytes read as zeros. */
  public void setSize(long sizeBytes) {
    check(
        uninterrupted(() -> calls.ftruncate(number, sizeBytes)),
        "cannot set the size of " + path + " to " + sizeBytes + " bytes");
  }

  /**
   * Writes the page cache of the file back to the device in pieces, so that it can be cancelled;
   * {@link #sync()} then has little left to do.
   *
   * @throws CancelledException if cancelled
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
      // Keeps the device busy with the next piece during the wait for this one.
      startWriteBack(at + WRITE_BACK_BYTES, WRITE_BACK_BYTES);
      long result = uninterrupted(() -> calls.syncFileRange(number, at, WRITE_BACK_BYTES, wait));
      if (WRITE_BACK_UNSUPPORTED.contains((int) -result)) {
        return;
      }
      check(result, "cannot sync " + path + " to its device");
    }
    cancellation.throwIfCancelled();
  }

  /** Syncs the file to its device (fsync(2)). */
  public void sync() {
    check(uninterrupted(() -> calls.fsync(number)), "cannot sync " + path + " to its device");
  }

  /**
   * Starts write-back of a part of the file from the page cache, so that little is left for {@link
   * #sync()}. Errors are ignored, since {@link #sync()} reports them.
   */
  public void startWriteBack(long position, long length) {
    var _ = calls.syncFileRange(number, position, length, Linux.SYNC_FILE_RANGE_WRITE);
  }

  /** Locks of the file, which this descriptor holds until its last copy is closed. */
  public FileLocks locks() {
    return new FileLocks(calls, number, path);
  }

  /** Whether the file system keeps its files in memory; false if that can't be determined. */
  public boolean isInMemory() {
    long type = calls.fileSystemType(number);
    return type == Linux.TMPFS_MAGIC || type == Linux.RAMFS_MAGIC;
  }

  /** The first position at or after the given one with data; empty if only a hole follows. */
  public OptionalLong nextData(long position) {
    return seek(position, Linux.SEEK_DATA);
  }

  /** The first position at or after the given one in a hole, or the end of the file. */
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

  /** Current status of the file. */
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

  /** The result of a call, which is repeated after EINTR. */
  static long uninterrupted(LongSupplier call) {
    long result;
    do {
      result = call.getAsLong();
    } while (Errno.EINTR.is(result));
    return result;
  }

  static void check(long result, String what) {
    if (result < 0) {
      throw failure(what, result);
    }
  }

  private static StorageException failure(String what, long result) {
    return new StorageException(what + ": " + Errno.text(result), (int) -result);
  }
}
