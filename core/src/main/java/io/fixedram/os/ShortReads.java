// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.MemorySegment;

/** Repeats reads that return fewer bytes than requested. */
public final class ShortReads {
  private ShortReads() {}

  /** A read at a position. */
  @FunctionalInterface
  public interface Read {
    /** Reads up to {@code length} bytes; returns 0 at the end. */
    long read(long position, MemorySegment into, long offset, long length);
  }

  /** Reads up to {@code length} bytes, fewer only at the end. Returns their number. */
  public static long readUpTo(
      Read source, long position, MemorySegment into, long offset, long length) {
    long done = 0;
    while (done < length) {
      long count = source.read(position + done, into, offset + done, length - done);
      if (count == 0) {
        break;
      }
      done += count;
    }
    return done;
  }
}
