// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import java.time.Duration;

/**
 * Policy for how long to wait for an answer, and whether a cancellation ends the wait. Thread-safe.
 */
sealed interface AnswerTime {

  /**
   * Remaining time to wait for an answer.
   *
   * @param leftNanos remaining time of the answer's own timeout
   * @return remaining time, at most {@code leftNanos}; 0 or less to stop waiting
   * @throws CancelledException if the wait ends because the user has cancelled
   */
  long left(long leftNanos);

  /** For commands that a cancellation ends. */
  record Cancellable(Cancellation cancellation) implements AnswerTime {
    @Override
    public long left(long leftNanos) {
      cancellation.throwIfCancelled();
      return leftNanos;
    }
  }

  /** For commands that must be executed even after a cancellation. */
  record Uncancellable() implements AnswerTime {
    @Override
    public long left(long leftNanos) {
      return leftNanos;
    }
  }

  /**
   * For cleanup commands, which are tried even after a cancellation: all answers share one timeout,
   * which is cut to half a second once the user has cancelled.
   */
  final class CleaningUp implements AnswerTime {
    private static final Duration ONCE_CANCELLED = Duration.ofMillis(500);

    private final Cancellation cancellation;
    private final long beginNanos = System.nanoTime();
    private long nanos;
    private boolean hurried;

    CleaningUp(Duration time, Cancellation cancellation) {
      this.cancellation = cancellation;
      this.nanos = time.toNanos();
    }

    @Override
    public synchronized long left(long leftNanos) {
      long passed = System.nanoTime() - beginNanos;
      if (cancellation.isCancelled() && !hurried) {
        hurried = true;
        nanos = Math.min(nanos, passed + ONCE_CANCELLED.toNanos());
      }
      return Math.min(leftNanos, nanos - passed);
    }
  }
}
