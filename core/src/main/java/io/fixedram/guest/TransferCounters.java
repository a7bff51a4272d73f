// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counters of the pages transferred so far. Updated by the threads of a transfer and readable from
 * any thread.
 */
public final class TransferCounters {
  private volatile long totalRamBytes;
  private final LongAdder dataBytes = new LongAdder();
  private final LongAdder zeroBytes = new LongAdder();
  private volatile boolean ended;

  /** Creates counters that are all 0. */
  public TransferCounters() {}

  /** Used bytes of all blocks; 0 until the transfer has begun. */
  public long totalRamBytes() {
    return totalRamBytes;
  }

  /** Bytes transferred as page content; repeated pages count again. */
  public long dataBytes() {
    return dataBytes.sum();
  }

  /** Bytes of zero pages; repeated pages count again. */
  public long zeroBytes() {
    return zeroBytes.sum();
  }

  /** Whether the last page and the device state have been transferred. */
  public boolean ended() {
    return ended;
  }

  void addData(long bytes) {
    dataBytes.add(bytes);
  }

  /** Counts zero pages, or zero pages that need not be sent since the receiver has them. */
  public void addZero(long bytes) {
    zeroBytes.add(bytes);
  }

  /** Sets the total: the sum of the used lengths of all blocks, in bytes. */
  public void begin(long ramBytes) {
    totalRamBytes = ramBytes;
  }

  /** Records that the last page and the device state have been transferred. */
  public void end() {
    ended = true;
  }
}
