// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.LocalFile;
import io.fixedram.bytes.StoreState;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The bytes of a file as an object of another host has them: at positions, but with no file, no
 * holes and no lock, and several reads at a time.
 */
final class RemoteBytes implements ByteStore {
  static final String NAME = "store:bucket/guest";

  private final LocalFile bytes;
  private final AtomicInteger open;

  /**
   * Opens the bytes.
   *
   * @param open counts the stores that are open
   */
  RemoteBytes(Path file, AtomicInteger open) {
    this.bytes = LocalFile.open(file);
    this.open = open;
    open.incrementAndGet();
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public long sizeBytes() {
    return bytes.sizeBytes();
  }

  @Override
  public long read(long position, MemorySegment into, long offset, long length) {
    return bytes.read(position, into, offset, length);
  }

  @Override
  public StoreState state() {
    return new StoreState.Unchanged();
  }

  @Override
  public int parallelReads() {
    return 4;
  }

  @Override
  public void close() {
    bytes.close();
    open.decrementAndGet();
  }
}
