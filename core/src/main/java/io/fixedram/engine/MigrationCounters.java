// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import java.time.Duration;

/**
 * What a migration has done so far. The migration's thread alone writes, so that a plain read and a
 * volatile write make an exact counter; any thread reads.
 */
@SuppressWarnings("NonAtomicVolatileUpdate")
final class MigrationCounters {
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

  void begin(int newPageSize, long newTotalBytes) {
    pageSize = newPageSize;
    totalBytes = newTotalBytes;
    remainingBytes = newTotalBytes;
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

  void passEnded(long movedBytes, long nanos) {
    bytesPerSecond = perSecond(movedBytes, nanos);
  }

  void sent(long newNormalPages, long newZeroPages) {
    normalPages += newNormalPages;
    zeroPages += newZeroPages;
    remainingBytes -= (newNormalPages + newZeroPages) * pageSize;
  }

  /** Bytes of all pages sent, zero pages too. */
  long sentBytes() {
    return (normalPages + zeroPages) * pageSize;
  }

  void transferred(long bytes) {
    transferredBytes = bytes;
  }

  void expect(Duration newExpectedDowntime) {
    expectedDowntime = newExpectedDowntime;
  }

  void stood(Duration newDowntime, long bytes) {
    downtime = newDowntime;
    downtimeBytes = bytes;
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
