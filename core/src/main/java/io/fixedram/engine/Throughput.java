// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import java.time.Duration;

/**
 * Transfer rate of pages to the target, measured over the latest passes that together took long
 * enough for a measurement.
 */
final class Throughput {
  private static final long MIN_NANOS = 50_000_000;

  private long bytes;
  private long nanos;
  private double bytesPerNano;

  /**
   * Adds the bytes of one pass, and the time from the end of the previous pass until the target had
   * received them.
   */
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

  /** Predicted time to send a number of bytes at the measured rate. */
  Duration timeFor(long moreBytes) {
    return moreBytes == 0 ? Duration.ZERO : duration(moreBytes / bytesPerNano);
  }

  /** Time to send a number of bytes at a given rate. */
  static Duration timeFor(long moreBytes, long bytesPerSecond) {
    return duration(moreBytes * 1e9 / bytesPerSecond);
  }

  private static Duration duration(double needed) {
    return needed < Long.MAX_VALUE ? Duration.ofNanos((long) needed) : Duration.ofDays(1);
  }
}
