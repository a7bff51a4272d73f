// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How long faults took to answer: a histogram of fixed size whose buckets are an eighth of their
 * power of two wide. One thread adds; any may read, and what it reads is right, if not of one
 * moment.
 */
public final class FaultTimes {
  private static final int PARTS_A_POWER_BITS = 3;
  private static final int PARTS_A_POWER = 1 << PARTS_A_POWER_BITS;

  private final AtomicLongArray buckets = new AtomicLongArray(Long.SIZE * PARTS_A_POWER);
  private volatile long count;
  private volatile long totalNanos;
  private volatile long longestNanos;

  /** Starts with none. */
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

  /** Number of faults answered. */
  public long count() {
    return count;
  }

  /** Time of all of them together, which is what the guest's CPUs waited for us. */
  public Duration total() {
    return Duration.ofNanos(totalNanos);
  }

  /**
   * The time that a share of the faults did not take longer than, to an eighth; none without
   * faults.
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
    if (nanos < PARTS_A_POWER) {
      return (int) nanos;
    }
    int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos);
    int shift = power - PARTS_A_POWER_BITS;
    return (shift + 1) * PARTS_A_POWER + (int) (nanos >> shift & (PARTS_A_POWER - 1));
  }

  /** The longest time that falls into a bucket. */
  private static long end(int bucket) {
    if (bucket < PARTS_A_POWER) {
      return bucket;
    }
    int shift = bucket / PARTS_A_POWER - 1;
    return ((long) (PARTS_A_POWER + bucket % PARTS_A_POWER + 1) << shift) - 1;
  }
}
