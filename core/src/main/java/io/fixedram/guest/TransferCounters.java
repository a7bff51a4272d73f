// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.util.concurrent.atomic.LongAdder;

/** What has flowed so far. Written by the threads of a transfer, readable from any. */
public final class TransferCounters {
  private volatile long totalRamBytes;
  private final LongAdder dataBytes = new LongAdder();
  private final LongAdder zeroBytes = new LongAdder();
  private volatile boolean ended;

  /** Starts with nothing. */
  public TransferCounters() {}

  /** Used bytes of all blocks; 0 until the transfer has begun. */
  public long totalRamBytes() {
    return totalRamBytes;
  }

  /** Bytes that came as page content, repeats counted. */
  public long dataBytes() {
    return dataBytes.sum();
  }

  /** Bytes that came as zero pages, repeats counted. */
  public long zeroBytes() {
    return zeroBytes.sum();
  }

  /** Whether the last page and the device state have come. */
  public boolean ended() {
    return ended;
  }

  void addData(long bytes) {
    dataBytes.add(bytes);
  }

  void addZero(long bytes) {
    zeroBytes.add(bytes);
  }

  /** Says how much there is: used bytes of all blocks. */
  public void begin(long ramBytes) {
    totalRamBytes = ramBytes;
  }

  void end() {
    ended = true;
  }
}
