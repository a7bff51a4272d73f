// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Histogram of the times to answer page requests. It has a fixed size; the width of a bucket is an
 * eighth of its power of two. One thread adds; any thread may read, without a consistent snapshot
 * across counters.
 */
public final class FaultTimes {
  private static final int PARTS_PER_POWER_BITS = 3;
  private static final int PARTS_PER_POWER = 1 << PARTS_PER_POWER_BITS;

  private final AtomicLongArray buckets = new AtomicLongArray(Long.SIZE * PARTS_PER_POWER);
  private volatile long count;
  private volatile long totalNanos;
  private volatile long longestNanos;

  /** Creates an empty histogram. */
  public FaultTimes() {}

  // A single thread writes, so that a plain read and a volatile write make an exact counter.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void add(long nanos) {
    long known = Math.max(0, nanos);
    buckets.incrementAndGet(bucket(known));
    totalNanos += known;
    longestNanos = Math.max(longestNanos, known);
    count++;
  }

  /** Number of answered requests. */
  public long count() {
    return count;
  }

  /** Sum of all times. */
  public Duration total() {
    return Duration.ofNanos(totalNanos);
  }

  /**
   * Upper bound of the times of a share of the requests, accurate to an eighth; empty without
   * requests.
   *
   * @param share 0.5 for the median
   */
  public Optional<Duration> quantile(double share) {
    long all = count;
    if (all == 0) {
      return Optional.empty();
    }
    long wanted = Math.max(1, (long) Math.ceil(share * all));
    long seen = 0;
    for (int i = 0; i < buckets.length(); i++) {
      seen += buckets.get(i);
      if (seen >= wanted) {
        return Optional.of(Duration.ofNanos(Math.min(end(i), longestNanos)));
      }
    }
    return Optional.of(Duration.ofNanos(longestNanos));
  }

  private static int bucket(long nanos) {
    if (nanos < PARTS_PER_POWER) {
      return (int) nanos;
    }
    int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos);
    int shift = power - PARTS_PER_POWER_BITS;
    return (shift + 1) * PARTS_PER_POWER + (int) (nanos >> shift & (PARTS_PER_POWER - 1));
  }

  /** The longest time in a bucket, in nanoseconds. */
  private static long end(int bucket) {
    if (bucket < PARTS_PER_POWER) {
      return bucket;
    }
    int shift = bucket / PARTS_PER_POWER - 1;
    return ((long) (PARTS_PER_POWER + bucket % PARTS_PER_POWER + 1) << shift) - 1;
  }
}
