// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Limits the rate of a transfer; the limit may change meanwhile. Not thread-safe. */
final class RateLimit implements AutoCloseable {
  /** Unused bandwidth is lost after this time. */
  private static final long MAX_CREDIT_NANOS = 100_000_000;

  /** A changed rate takes effect after this time at the latest. */
  private static final long MAX_WAIT_NANOS = 100_000_000;

  private final LongSupplier bytesPerSecond;
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private final Cancellation.Registration registration;
  private long paidNanos = System.nanoTime();
  private long owedBytes;

  /**
   * Starts a transfer.
   *
   * @param bytesPerSecond the current limit, 0 for none; called repeatedly
   */
  RateLimit(LongSupplier bytesPerSecond, Cancellation cancellation) {
    this.bytesPerSecond = bytesPerSecond;
    this.registration = cancellation.onCancel(cancelled::countDown);
  }

  /**
   * Adds bytes that were sent, and waits until the total is within the limit.
   *
   * @throws CancelledException if cancelled or interrupted; the bytes have been sent anyway
   */
  void spend(long bytes) {
    owedBytes += bytes;
    long rate = bytesPerSecond.getAsLong();
    long now = System.nanoTime();
    paidNanos = Math.max(paidNanos, now - MAX_CREDIT_NANOS);
    while (rate > 0) {
      long dueNanos = paidNanos + (long) (owedBytes * 1e9 / rate);
      if (dueNanos <= now) {
        paidNanos = dueNanos;
        owedBytes = 0;
        return;
      }
      await(Math.min(dueNanos - now, MAX_WAIT_NANOS));
      rate = bytesPerSecond.getAsLong();
      now = System.nanoTime();
    }
    owedBytes = 0;
  }

  private void await(long nanos) {
    try {
      if (cancelled.await(nanos, TimeUnit.NANOSECONDS)) {
        throw new CancelledException();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    }
  }

  @Override
  public void close() {
    registration.close();
  }
}
