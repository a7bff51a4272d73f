// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Holds a flow of bytes down to a rate, which may change meanwhile. One thread. */
final class RateLimit implements AutoCloseable {
  /** What was not used of the rate is lost after this time. */
  private static final long MAX_CREDIT_NANOS = 100_000_000;

  /** A changed rate takes effect after this time at the latest. */
  private static final long MAX_WAIT_NANOS = 100_000_000;

  private final LongSupplier bytesPerSecond;
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private final Cancellation.Registration registration;
  private long paidNanos = System.nanoTime();
  private long owedBytes;

  /**
   * Starts without debt.
   *
   * @param bytesPerSecond the rate, 0 for no limit; asked again and again
   */
  RateLimit(LongSupplier bytesPerSecond, Cancellation cancellation) {
    this.bytesPerSecond = bytesPerSecond;
    this.registration = cancellation.onCancel(cancelled::countDown);
  }

  /** Waits until so many more bytes are within the rate; that they were sent is not undone. */
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
