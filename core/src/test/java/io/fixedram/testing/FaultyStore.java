// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StoreState;
import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** A store with ranges that its disk can't read. */
public final class FaultyStore implements ByteStore {
  private final ByteStore bytes;
  private final List<long[]> bad = new ArrayList<>();

  /** Wraps a store, which is closed with this. */
  public FaultyStore(ByteStore bytes) {
    this.bytes = bytes;
  }

  /** Makes the sectors of a range unreadable. */
  public void damage(long offset, long lengthBytes) {
    bad.add(new long[] {offset & -512, (offset + lengthBytes + 511) & -512});
  }

  @Override
  public String name() {
    return bytes.name();
  }

  @Override
  public long sizeBytes() {
    return bytes.sizeBytes();
  }

  @Override
  public long read(long position, MemorySegment into, long offset, long length) {
    for (long[] range : bad) {
      if (position < range[1] && position + length > range[0]) {
        throw new StorageException("cannot read at " + position, Errno.EIO.number());
      }
    }
    return bytes.read(position, into, offset, length);
  }

  @Override
  public OptionalLong nextData(long position) {
    return bytes.nextData(position);
  }

  @Override
  public OptionalLong nextHole(long position) {
    return bytes.nextHole(position);
  }

  @Override
  public StoreState state() {
    return bytes.state();
  }

  @Override
  public void close() {
    bytes.close();
  }
}
