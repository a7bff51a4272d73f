// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Where bytes go: into a file at any position, or into a connection in their order. */
@FunctionalInterface
public interface ByteTarget {
  /**
   * Writes all the bytes.
   *
   * @param position where they go; a connection is only ever given the next ones
   * @throws StorageException if not all could be written
   */
  void write(long position, MemorySegment from, long offset, long length);

  /** A channel, in its order; {@code name} says in errors where the bytes go. */
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
