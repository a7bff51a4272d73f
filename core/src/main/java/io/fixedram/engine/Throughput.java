// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import java.time.Duration;

/**
 * How fast pages get to the target, measured over the latest passes that together took long enough
 * to tell.
 */
final class Throughput {
  private static final long MIN_NANOS = 50_000_000;

  private long bytes;
  private long nanos;
  private double bytesPerNano;

  /** Adds what one pass moved, and the time since the pass before until the target had it all. */
  void add(long movedBytes, long tookNanos) {
    bytes += movedBytes;
    nanos += Math.max(1, tookNanos);
    if (nanos >= MIN_NANOS || bytesPerNano == 0) {
      bytesPerNano = (double) bytes / nanos;
    }
    if (nanos >= MIN_NANOS) {
      bytes = 0;
      nanos = 0;
    }
  }

  /** The time that so many bytes would take. */
  Duration timeFor(long moreBytes) {
    return moreBytes == 0 ? Duration.ZERO : duration(moreBytes / bytesPerNano);
  }

  /** The time that so many bytes would take at another rate. */
  static Duration timeFor(long moreBytes, long bytesPerSecond) {
    return duration(moreBytes * 1e9 / bytesPerSecond);
  }

  private static Duration duration(double needed) {
    return needed < Long.MAX_VALUE ? Duration.ofNanos((long) needed) : Duration.ofDays(1);
  }
}
