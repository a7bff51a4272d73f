// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A part of another store as a store: position 0 is the part's first byte. Closing it closes the
 * other store.
 */
public final class StorePart implements ByteStore {
  private final ByteStore whole;
  private final long from;
  private final long sizeBytes;

  /**
   * Creates the view.
   *
   * @param from position of the part in the whole store
   * @param sizeBytes length of the part
   * @throws IndexOutOfBoundsException if the whole has no such part
   */
  public StorePart(ByteStore whole, long from, long sizeBytes) {
    Objects.checkFromIndexSize(from, sizeBytes, whole.sizeBytes());
    this.whole = whole;
    this.from = from;
    this.sizeBytes = sizeBytes;
  }

  @Override
  public String name() {
    return whole.name();
  }

  /** Current size in bytes, smaller than at first if the whole store was truncated. */
  @Override
  public long sizeBytes() {
    return Math.clamp(whole.sizeBytes() - from, 0, sizeBytes);
  }

  @Override
  public long read(long position, MemorySegment into, long offset, long length) {
    long readable = Math.min(length, sizeBytes - position);
    return readable <= 0 ? 0 : whole.read(from + position, into, offset, readable);
  }

  @Override
  public OptionalLong nextData(long position) {
    OptionalLong data =
        position < sizeBytes ? whole.nextData(from + position) : OptionalLong.empty();
    return data.isPresent() && data.getAsLong() - from < sizeBytes
        ? OptionalLong.of(data.getAsLong() - from)
        : OptionalLong.empty();
  }

  @Override
  public OptionalLong nextHole(long position) {
    if (position > sizeBytes) {
      return OptionalLong.empty();
    }
    OptionalLong hole = whole.nextHole(from + position);
    return hole.isPresent()
        ? OptionalLong.of(Math.min(hole.getAsLong() - from, sizeBytes))
        : OptionalLong.empty();
  }

  @Override
  public StoreState state() {
    return whole.state();
  }

  @Override
  public int parallelReads() {
    return whole.parallelReads();
  }

  @Override
  public Optional<FilePlace> filePlace(long position) {
    return whole.filePlace(from + position);
  }

  @Override
  public void close() {
    whole.close();
  }
}
