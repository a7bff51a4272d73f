// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** A sequence of bytes. */
public final class LiteralPattern implements BytePattern {
  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

  private final MemorySegment bytes;

  /** Position in the pattern of the byte that is looked for first. */
  private final int key;

  private final byte keyByte;
  private final long keyBytes;

  /**
   * Creates a pattern.
   *
   * @param bytes 1 byte or more
   */
  public LiteralPattern(byte[] bytes) {
    if (bytes.length == 0) {
      throw new IllegalArgumentException("a pattern has 1 byte at least");
    }
    this.bytes = MemorySegment.ofArray(bytes.clone()).asReadOnly();
    this.key = rarest(bytes);
    this.keyByte = bytes[key];
    this.keyBytes = Byte.toUnsignedLong(keyByte) * ONES;
  }

  /** Zero is by far the most frequent byte in memory, then come 255 and small numbers. */
  private static int rarest(byte[] bytes) {
    int best = 0;
    for (int i = 1; i < bytes.length; i++) {
      if (rank(bytes[i]) > rank(bytes[best])) {
        best = i;
      }
    }
    return best;
  }

  private static int rank(byte each) {
    if (each == 0) {
      return 0;
    }
    return each == -1 || (each > 0 && each < 16) || each == ' ' || each == 'e' ? 1 : 2;
  }

  @Override
  public int maxBytes() {
    return (int) bytes.byteSize();
  }

  @Override
  public boolean find(MemorySegment memory, long from, long end, long limit, Matches matches) {
    long last = Math.min(end, limit - bytes.byteSize() + 1);
    long at = from;
    while (at < last) {
      at = nextKey(memory, at + key, last + key) - key;
      if (at < last && isAt(memory, at) && !matches.found(at, maxBytes())) {
        return false;
      }
      at++;
    }
    return true;
  }

  /** Offset of the next key byte; {@code end} if there is none. */
  private long nextKey(MemorySegment memory, long from, long end) {
    long at = from;
    // A byte is zero in x ^ keyBytes where it equals the key (Knuth, TAOCP 7.1.3, (90)).
    for (; at + Long.BYTES <= end; at += Long.BYTES) {
      long other = memory.get(JAVA_LONG_UNALIGNED, at) ^ keyBytes;
      if (((other - ONES) & ~other & HIGH_BITS) != 0) {
        break;
      }
    }
    while (at < end && memory.get(JAVA_BYTE, at) != keyByte) {
      at++;
    }
    return Math.min(at, end);
  }

  private boolean isAt(MemorySegment memory, long at) {
    return MemorySegment.mismatch(memory, at, at + bytes.byteSize(), bytes, 0, bytes.byteSize())
        < 0;
  }
}
