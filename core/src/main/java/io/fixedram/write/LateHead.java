// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.os.Descriptor;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * A file whose first {@value #BYTES} bytes are written last. Every format begins with the same mark
 * there, without which nobody takes the file for a save. Until everything behind them is durable,
 * the file therefore is no save, whatever a crash of the host leaves of it. Not thread-safe.
 */
final class LateHead {
  /** Number of bytes that are kept back: the mark of a migration stream and its version. */
  static final int BYTES = 8;

  private final Descriptor descriptor;
  private final byte[] head = new byte[BYTES];
  private boolean released;

  /** Wraps an empty file, which the caller closes. */
  LateHead(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  /** Writes all bytes except those that are kept back. */
  void write(long position, MemorySegment from, long offset, long length) {
    long kept = released ? 0 : Math.clamp(BYTES - position, 0, length);
    if (kept > 0) {
      MemorySegment.copy(from, offset, MemorySegment.ofArray(head), position, kept);
    }
    if (kept < length) {
      descriptor.write(position + kept, from, offset + kept, length - kept);
    }
  }

  /** Reads up to {@code length} bytes of the file as it will be; returns 0 at its end. */
  long read(long position, MemorySegment into, long offset, long length) {
    long count = descriptor.read(position, into, offset, length);
    long kept = released ? 0 : Math.clamp(BYTES - position, 0, count);
    if (kept > 0) {
      MemorySegment.copy(MemorySegment.ofArray(head), position, into, offset, kept);
    }
    return count;
  }

  /** The first position at or after one where bytes may be other than zero. */
  OptionalLong nextData(long position) {
    return position < BYTES ? OptionalLong.of(position) : descriptor.nextData(position);
  }

  /** Writes the bytes that were kept back. */
  void release() {
    if (!released) {
      descriptor.write(0, head);
      released = true;
    }
  }
}
