// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StoreState;
import java.lang.foreign.MemorySegment;

/** An input as a file. */
final class MemoryStore implements ByteStore {
  private final byte[] bytes;

  MemoryStore(byte[] bytes) {
    this.bytes = bytes;
  }

  @Override
  public String name() {
    return "the input";
  }

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public long read(long position, MemorySegment into, long offset, long length) {
    long count = Math.max(0, Math.min(length, bytes.length - position));
    if (count > 0) {
      MemorySegment.copy(MemorySegment.ofArray(bytes), position, into, offset, count);
    }
    return count;
  }

  @Override
  public StoreState state() {
    return new StoreState.Unchanged();
  }

  @Override
  public void close() {}
}
