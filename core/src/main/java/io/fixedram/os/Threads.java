// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/** Utilities for waiting in threads. */
public final class Threads {
  private Threads() {}

  /**
   * Does work that must be completed in a new thread, which is not interrupted, and waits for it.
   * An interrupt of the calling thread, before or meanwhile, neither shortens the wait nor reaches
   * the work; it is kept for the caller's next blocking call.
   */
  public static <T> T withoutInterrupt(Supplier<T> work) {
    FutureTask<T> task = new FutureTask<>(work::get);
    boolean interrupted = Thread.interrupted();
    try {
      begin(task);
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw thrown(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void begin(FutureTask<?> task) {
    try {
      Thread.ofPlatform()
          .daemon(false)
          .name(Thread.currentThread().getName() + ", to the end")
          .start(task);
    } catch (OutOfMemoryError e) {
      // No thread can be created: better to do the work here, with interrupts, than not at all.
      task.run();
    }
  }

  private static RuntimeException thrown(ExecutionException failure) {
    return switch (failure.getCause()) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      case null, default -> new IllegalStateException(failure);
    };
  }

  /** Does work without a result, as {@link #withoutInterrupt(Supplier)} does. */
  public static void withoutInterrupt(Runnable work) {
    boolean _ =
        withoutInterrupt(() -> {
          work.run();
          return true;
        });
  }

  /**
   * Takes an element of a queue that another thread is certain to fill. An interrupt does not end
   * the wait; the interrupt status is set again afterwards.
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
   * Waits for a thread that is about to end. An interrupt does not end the wait, since the caller
   * then releases what the thread uses; the interrupt status is set again afterwards.
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
