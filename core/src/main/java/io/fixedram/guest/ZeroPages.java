// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Detects memory that holds only zeros. */
public final class ZeroPages {
  private static final MemorySegment ZEROS = MemorySegment.ofArray(new long[512]).asReadOnly();

  private ZeroPages() {}

  /** Whether a range of memory is all zeros; its length must be a multiple of 8 bytes and not 0. */
  public static boolean isZero(MemorySegment memory, long offset, long lengthBytes) {
    // Most pages that are not zero show it in their first word or their last.
    if ((memory.get(JAVA_LONG_UNALIGNED, offset)
            | memory.get(JAVA_LONG_UNALIGNED, offset + lengthBytes - Long.BYTES))
        != 0) {
      return false;
    }
    // mismatch is an intrinsic of the JVM that is fast from the first call on, before the JIT
    // compiles.
    for (long at = offset; at < offset + lengthBytes; at += ZEROS.byteSize()) {
      long length = Math.min(ZEROS.byteSize(), offset + lengthBytes - at);
      if (MemorySegment.mismatch(memory, at, at + length, ZEROS, 0, length) != -1) {
        return false;
      }
    }
    return true;
  }
}
