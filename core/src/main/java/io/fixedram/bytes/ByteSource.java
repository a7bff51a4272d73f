// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** A source of bytes: a file, read at any position, or a connection, read in order. */
@FunctionalInterface
public interface ByteSource {
  /**
   * Reads some bytes, at least one unless there are no more.
   *
   * @param position position of the first byte; for a connection always that of the next byte
   * @return number of bytes read, 0 at the end
   * @throws StorageException if reading fails
   */
  long read(long position, MemorySegment into, long offset, long length);

  /** The bytes of a channel in order; errors call it {@code name}. */
  static ByteSource of(ReadableByteChannel channel, String name) {
    return (position, into, offset, length) -> {
      ByteBuffer buffer = into.asSlice(offset, length).asByteBuffer();
      try {
        int count;
        do {
          count = channel.read(buffer);
        } while (count == 0);
        return Math.max(0, count);
      } catch (IOException e) {
        throw StorageException.of("cannot read from " + name + " at offset " + position, e);
      }
    };
  }
}
