// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Memory as a stream of bytes. Not thread-safe. */
public final class MemoryInput extends InputStream {
  private final ByteBuffer rest;

  /** Creates a stream of all bytes of a segment. */
  public MemoryInput(MemorySegment bytes) {
    rest = bytes.asByteBuffer();
  }

  @Override
  public int read() {
    return rest.hasRemaining() ? Byte.toUnsignedInt(rest.get()) : -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    if (!rest.hasRemaining()) {
      return -1;
    }
    int count = Math.min(length, rest.remaining());
    rest.get(into, offset, count);
    return count;
  }
}
