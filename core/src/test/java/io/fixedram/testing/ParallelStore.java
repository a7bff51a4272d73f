// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.FilePlace;
import io.fixedram.bytes.StoreState;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongConsumer;

/**
 * A store with a way to go: it answers several reads at a time, after a test had a look at them.
 */
public final class ParallelStore implements ByteStore {
  private final ByteStore bytes;
  private final int parallelReads;
  private final LongConsumer beforeRead;

  /**
   * Wraps a store, which is closed with this.
   *
   * @param beforeRead is told the position of each read, in the thread that reads
   */
  public ParallelStore(ByteStore bytes, int parallelReads, LongConsumer beforeRead) {
    this.bytes = bytes;
    this.parallelReads = parallelReads;
    this.beforeRead = beforeRead;
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
    beforeRead.accept(position);
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
  public int parallelReads() {
    return parallelReads;
  }

  @Override
  public Optional<FilePlace> filePlace(long position) {
    return bytes.filePlace(position);
  }

  @Override
  public void close() {
    bytes.close();
  }
}
