// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** A destination of bytes: a file, written at any position, or a connection, written in order. */
@FunctionalInterface
public interface ByteTarget {
  /**
   * Writes all the bytes.
   *
   * @param position position of the first byte; for a connection always that of the next byte
   * @throws StorageException if not all could be written
   */
  void write(long position, MemorySegment from, long offset, long length);

  /** A channel, written in order; errors call it {@code name}. */
  static ByteTarget of(WritableByteChannel channel, String name) {
    return (position, from, offset, length) -> {
      ByteBuffer buffer = from.asSlice(offset, length).asByteBuffer();
      try {
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      } catch (IOException e) {
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        throw new StorageException(
            "cannot write to " + name + " at offset " + position + ": " + reason, e);
      }
    };
  }
}
