// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Tells pages that hold nothing but zeros. */
public final class ZeroPages {
  private static final MemorySegment ZEROS = MemorySegment.ofArray(new long[512]).asReadOnly();

  private ZeroPages() {}

  /** Whether a piece of memory, a multiple of 8 bytes long, is all zeros. */
  public static boolean isZero(MemorySegment memory, long offset, long lengthBytes) {
    // Most pages that are not zero show it in their first word or their last.
    if ((memory.get(JAVA_LONG_UNALIGNED, offset)
            | memory.get(JAVA_LONG_UNALIGNED, offset + lengthBytes - Long.BYTES))
        != 0) {
      return false;
    }
    // The JVM compares with code of its own that is fast from the first call on.
    for (long at = offset; at < offset + lengthBytes; at += ZEROS.byteSize()) {
      long length = Math.min(ZEROS.byteSize(), offset + lengthBytes - at);
      if (MemorySegment.mismatch(memory, at, at + length, ZEROS, 0, length) != -1) {
        return false;
      }
    }
    return true;
  }
}
