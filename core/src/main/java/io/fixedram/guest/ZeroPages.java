// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Tells pages that hold nothing but zeros. */
public final class ZeroPages {
  private ZeroPages() {}

  /** Whether a piece of memory, a multiple of 64 bytes long, is all zeros. */
  public static boolean isZero(MemorySegment memory, long offset, long lengthBytes) {
    // Most pages that are not zero show it in their first word or their last.
    if ((memory.get(JAVA_LONG_UNALIGNED, offset)
            | memory.get(JAVA_LONG_UNALIGNED, offset + lengthBytes - Long.BYTES))
        != 0) {
      return false;
    }
    // Eight words a step let the compiler keep the sum in vector registers.
    for (long at = offset; at < offset + lengthBytes; at += 64) {
      long any =
          memory.get(JAVA_LONG_UNALIGNED, at)
              | memory.get(JAVA_LONG_UNALIGNED, at + 8)
              | memory.get(JAVA_LONG_UNALIGNED, at + 16)
              | memory.get(JAVA_LONG_UNALIGNED, at + 24)
              | memory.get(JAVA_LONG_UNALIGNED, at + 32)
              | memory.get(JAVA_LONG_UNALIGNED, at + 40)
              | memory.get(JAVA_LONG_UNALIGNED, at + 48)
              | memory.get(JAVA_LONG_UNALIGNED, at + 56);
      if (any != 0) {
        return false;
      }
    }
    return true;
  }
}
