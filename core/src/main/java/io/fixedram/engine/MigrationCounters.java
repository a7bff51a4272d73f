// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.migration.RamStatistics;
import java.time.Duration;

/**
 * Counters of a migration. Only the migration's thread writes them, so that a plain read and a
 * volatile write make an exact counter; any thread may read them.
 */
@SuppressWarnings("NonAtomicVolatileUpdate")
final class MigrationCounters {
  /** Interval at which the transfer rate is updated, the same as in QEMU. */
  private static final long RATE_NANOS = 100_000_000;

  private volatile int pageSize;
  private volatile long totalBytes;
  private volatile long remainingBytes;
  private volatile long transferredBytes;
  private volatile long downtimeBytes;
  private volatile long normalPages;
  private volatile long zeroPages;
  private volatile long dirtySyncCount;
  private volatile long passes;
  private volatile long dirtyPagesPerSecond;
  private volatile long bytesPerSecond;
  private volatile Duration expectedDowntime = Duration.ZERO;
  private volatile Duration downtime = Duration.ZERO;
  private long startNanos;
  private long rateNanos;
  private long rateBytes;

  void begin(int newPageSize, long newTotalBytes, Duration downtimeLimit) {
    pageSize = newPageSize;
    totalBytes = newTotalBytes;
    remainingBytes = newTotalBytes;
    expectedDowntime = downtimeLimit;
    startNanos = System.nanoTime();
    rateNanos = startNanos;
  }

  void synced(long newRemainingBytes) {
    dirtySyncCount++;
    remainingBytes = newRemainingBytes;
  }

  void dirtied(long pages, long nanos) {
    dirtyPagesPerSecond = perSecond(pages, nanos);
  }

  void passBegins() {
    passes++;
  }

  void sent(long newNormalPages, long newZeroPages) {
    normalPages += newNormalPages;
    zeroPages += newZeroPages;
    remainingBytes -= (newNormalPages + newZeroPages) * pageSize;
  }

  /** Bytes of all pages sent, including zero pages. */
  long sentBytes() {
    return (normalPages + zeroPages) * pageSize;
  }

  void transferred(long bytes, long nowNanos) {
    transferredBytes = bytes;
    if (nowNanos - rateNanos >= RATE_NANOS) {
      bytesPerSecond = perSecond(bytes - rateBytes, nowNanos - rateNanos);
      rateNanos = nowNanos;
      rateBytes = bytes;
    }
  }

  void expect(Duration newExpectedDowntime) {
    expectedDowntime = newExpectedDowntime;
  }

  /**
   * Records the end: the rate becomes that of the whole migration, and no pages are dirtied any
   * more.
   */
  void completed(long bytes, long nowNanos, Duration newDowntime, long newDowntimeBytes) {
    transferredBytes = bytes;
    bytesPerSecond = perSecond(bytes, nowNanos - startNanos);
    dirtyPagesPerSecond = 0;
    downtime = newDowntime;
    downtimeBytes = newDowntimeBytes;
  }

  long dirtySyncCount() {
    return dirtySyncCount;
  }

  private static long perSecond(long count, long nanos) {
    return (long) (count * 1e9 / Math.max(1, nanos));
  }

  Duration expectedDowntime() {
    return expectedDowntime;
  }

  Duration downtime() {
    return downtime;
  }

  RamStatistics ram() {
    return new RamStatistics(
        transferredBytes,
        downtimeBytes,
        remainingBytes,
        totalBytes,
        zeroPages,
        normalPages,
        dirtySyncCount,
        dirtyPagesPerSecond,
        bytesPerSecond,
        passes,
        pageSize);
  }
}
