// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The time for which the reading of a stopped guest has waited for a disk: that of the thread that
 * has waited longest, in all its waits together. Thread-safe.
 */
final class DiskWaits {
  private static final Duration MIN_LIMIT = Duration.ofSeconds(10);
  private static final int MAX_PREDICTED_TIMES = 4;

  private final Duration limit;
  private final Queue<Lane> lanes = new ConcurrentLinkedQueue<>();

  DiskWaits(Duration limit) {
    this.limit = limit;
  }

  /** The limit for a guest whose downtime was predicted. */
  static Duration limit(Duration predicted) {
    Duration longest = predicted.multipliedBy(MAX_PREDICTED_TIMES);
    return longest.compareTo(MIN_LIMIT) > 0 ? longest : MIN_LIMIT;
  }

  /** A sink of one thread, whose time in the target is counted. */
  private static final class Lane implements PageSink {
    private final PageSink target;
    private volatile long waitedNanos;
    private volatile long sinceNanos;
    private volatile boolean waiting;

    Lane(PageSink target) {
      this.target = target;
    }

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      timed(() -> target.data(block, offset, from, fromOffset, lengthBytes));
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      timed(() -> target.zero(block, offset, lengthBytes));
    }

    private void timed(Runnable call) {
      long since = System.nanoTime();
      sinceNanos = since;
      waiting = true;
      try {
        call.run();
      } finally {
        waiting = false;
        add(System.nanoTime() - since);
      }
    }

    // Written by one thread only.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void add(long nanos) {
      waitedNanos += nanos;
    }

    /** The sum is read first, so that a wait that ends meanwhile does not count twice. */
    long waited() {
      long ended = waitedNanos;
      return waiting ? ended + Math.max(0, System.nanoTime() - sinceNanos) : ended;
    }
  }

  /** A sink for one thread, which passes on to another and counts the time that takes. */
  PageSink lane(PageSink target) {
    Lane lane = new Lane(target);
    lanes.add(lane);
    return lane;
  }

  /**
   * Checks that the disk has not been waited for too long.
   *
   * @throws ObstacleException if it has
   */
  void check() {
    long waited = lanes.stream().mapToLong(Lane::waited).max().orElse(0);
    if (waited > limit.toNanos()) {
      throw new ObstacleException(new MemoryObstacle.SlowDisk(limit));
    }
  }
}
