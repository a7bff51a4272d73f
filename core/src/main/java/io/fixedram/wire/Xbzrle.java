// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * Decoder of XBZRLE, the difference of a page from its previous content: alternating runs of
 * unchanged and changed bytes. Each run begins with its length as unsigned LEB128; a changed run
 * continues with the new bytes.
 */
final class Xbzrle {
  private static final int MAX_LENGTH_BYTES = 3;

  private final MemorySegment from;
  private final long end;
  private long at;

  private Xbzrle(MemorySegment from, long at, long length) {
    this.from = from;
    this.at = at;
    this.end = at + length;
  }

  /**
   * Applies a difference to a page.
   *
   * @param page the previous content, changed in place
   * @return false if the difference is not valid for the page
   */
  static boolean apply(MemorySegment from, long fromOffset, long length, MemorySegment page) {
    return new Xbzrle(from, fromOffset, length).apply(page);
  }

  private boolean apply(MemorySegment page) {
    long done = 0;
    while (at < end) {
      long unchanged = length();
      if (unchanged < 0 || unchanged > page.byteSize() - done) {
        return false;
      }
      done += unchanged;
      if (at == end) {
        return true;
      }
      long changed = length();
      if (changed <= 0 || changed > page.byteSize() - done || changed > end - at) {
        return false;
      }
      MemorySegment.copy(from, at, page, done, changed);
      at += changed;
      done += changed;
    }
    return true;
  }

  private long length() {
    long value = 0;
    for (int i = 0; i < MAX_LENGTH_BYTES && at < end; i++) {
      int next = Byte.toUnsignedInt(from.get(JAVA_BYTE, at++));
      value |= (long) (next & 0x7f) << (7 * i);
      if (next < 0x80) {
        return value;
      }
    }
    return -1;
  }
}
