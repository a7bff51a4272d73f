// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import java.time.Duration;

/** Who may end the wait for an answer before it has come. Safe for use by several threads. */
sealed interface AnswerTime {

  /**
   * Time that is left of what an answer may take.
   *
   * @param leftNanos of its own time
   * @return no more than that; none if it is not to be waited for any longer
   * @throws CancelledException if the wait is over because the user asked for the end
   */
  long left(long leftNanos);

  /** For what is over as soon as the user asks for the end. */
  record Heeding(Cancellation cancellation) implements AnswerTime {
    @Override
    public long left(long leftNanos) {
      cancellation.throwIfCancelled();
      return leftNanos;
    }
  }

  /** For what must be done, whatever the user asks for. */
  record Unheeding() implements AnswerTime {
    @Override
    public long left(long leftNanos) {
      return leftNanos;
    }
  }

  /**
   * For putting things back, which is worth a try also after the user has asked for the end: all
   * answers together have a time, of which little is left once that was asked for.
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
