// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

/** What has flowed so far. Written by the transfer's thread, readable from any. */
public final class TransferCounters {
  private volatile long totalRamBytes;
  private volatile long dataBytes;
  private volatile long zeroBytes;
  private volatile boolean ended;

  /** Starts with nothing. */
  public TransferCounters() {}

  /** Used bytes of all blocks; 0 until the transfer has begun. */
  public long totalRamBytes() {
    return totalRamBytes;
  }

  /** Bytes that came as page content, repeats counted. */
  public long dataBytes() {
    return dataBytes;
  }

  /** Bytes that came as zero pages, repeats counted. */
  public long zeroBytes() {
    return zeroBytes;
  }

  /** Whether the last page and the device state have come. */
  public boolean ended() {
    return ended;
  }

  // A single thread writes, so that a plain read and a volatile write make an exact counter.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void addData(long bytes) {
    dataBytes += bytes;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate")
  void addZero(long bytes) {
    zeroBytes += bytes;
  }

  void begin(long ramBytes) {
    totalRamBytes = ramBytes;
  }

  void end() {
    ended = true;
  }
}
