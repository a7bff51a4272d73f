// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.util.concurrent.BlockingQueue;
import java.util.function.Supplier;

/** What threads of this project have in common. */
public final class Threads {
  private Threads() {}

  /**
   * Does something that must be done though this thread may have been interrupted: its waits are
   * not ended by that. An interrupt is kept for the caller's next blocking call.
   */
  public static <T> T withoutInterrupt(Supplier<T> work) {
    boolean interrupted = Thread.interrupted();
    try {
      return work.get();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The same for what has no result. */
  public static void withoutInterrupt(Runnable work) {
    boolean _ =
        withoutInterrupt(() -> {
          work.run();
          return true;
        });
  }

  /**
   * Waits for what another thread puts into a queue, which it does whatever happens. An interrupt
   * is kept for the caller's next blocking call.
   */
  public static <T> T takeUninterruptibly(BlockingQueue<T> queue) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return queue.take();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Waits for a thread that is about to end. An interrupt does not end the wait, since what the
   * thread uses is released after it; it is kept for the caller's next blocking call.
   */
  public static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
