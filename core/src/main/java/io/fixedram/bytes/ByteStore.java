// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.os.ShortReads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Storage of a save as bytes at positions: a local file, a part of another store, a remote object
 * or a decrypting view. All methods except {@link #close()} may be called by any number of threads
 * at a time; {@link #close()} must be called last.
 *
 * <p>A feature that only some stores have is a method that returns an {@link Optional}; callers
 * never cast.
 */
public interface ByteStore extends ByteSource, AutoCloseable {
  /** Name of the store in messages; for a file its path. */
  String name();

  /** Current size in bytes. */
  long sizeBytes();

  /**
   * Reads some bytes, at least one unless the store ends at the position.
   *
   * @param into native memory
   * @return number of bytes read, 0 at the end
   * @throws StorageException if reading fails
   */
  @Override
  long read(long position, MemorySegment into, long offset, long length);

  /**
   * The first position at or after one where bytes may be other than zero; empty if only zeros
   * follow. A store without knowledge of holes reports data everywhere.
   */
  default OptionalLong nextData(long position) {
    return position < sizeBytes() ? OptionalLong.of(position) : OptionalLong.empty();
  }

  /** The first position at or after one that lies in a hole; the end of the store counts as one. */
  default OptionalLong nextHole(long position) {
    long size = sizeBytes();
    return position <= size ? OptionalLong.of(size) : OptionalLong.empty();
  }

  /** Whether the content has changed since the store was opened. */
  StoreState state();

  /** Bytes that the store occupies on its device, without holes; by default its size. */
  default long allocatedBytes() {
    return sizeBytes();
  }

  /**
   * Number of concurrent reads that the store answers as fast as one: 1 for local files, whose
   * pages come from memory or a disk that reads ahead; more for stores with latency.
   */
  default int parallelReads() {
    return 1;
  }

  /**
   * The position in a local file that holds a position of this store, for mapping the file or
   * handing it to another process; empty if the bytes are not stored verbatim in a local file.
   */
  default Optional<FilePlace> filePlace(long position) {
    return Optional.empty();
  }

  /**
   * Reads up to {@code length} bytes, fewer only at the end of the store: for headers of formats.
   */
  default byte[] readHead(long position, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(length);
      return memory
          .asSlice(0, readUpTo(position, memory, 0, length))
          .toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /**
   * Reads up to {@code length} bytes, fewer only at the end of the store. Returns the number read.
   */
  default long readUpTo(long position, MemorySegment into, long offset, long length) {
    return ShortReads.readUpTo(this::read, position, into, offset, length);
  }

  /**
   * Reads all of {@code length} bytes.
   *
   * @throws DamagedSaveException if the store ends earlier
   */
  default void readFully(long position, MemorySegment into, long offset, long length) {
    long count = readUpTo(position, into, offset, length);
    if (count < length) {
      throw new DamagedSaveException(
          name() + " is incomplete: it ends at offset " + (position + count));
    }
  }

  /**
   * Reads all of {@code length} bytes: for fields of formats.
   *
   * @throws DamagedSaveException if the store ends earlier
   */
  default byte[] readFully(long position, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(length);
      readFully(position, memory, 0, length);
      return memory.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Override
  void close();
}
