// SPDX-License-Identifier: Apache-2.0
package io.fixedram.parallel;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Distributes pieces of work over the calling thread and additional threads. */
public final class SharedWork<T> {
  private final List<T> pieces;
  private final Supplier<Consumer<T>> workers;
  private final AtomicInteger next = new AtomicInteger();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

  private SharedWork(List<T> pieces, Supplier<Consumer<T>> workers) {
    this.pieces = pieces;
    this.workers = workers;
  }

  /**
   * Does all the work and returns when all threads have finished. If the system can't create more
   * threads, fewer are used.
   *
   * @param threads number of threads including the calling one, at least 1
   * @param workers creates the worker of one thread, called in that thread
   * @throws FixedRamException the first failure; no further piece was begun after it
   */
  public static <T> void run(List<T> pieces, int threads, Supplier<Consumer<T>> workers) {
    if (threads < 1) {
      throw new IllegalArgumentException("it takes one thread at least, not " + threads);
    }
    SharedWork<T> shared = new SharedWork<>(pieces, workers);
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < Math.min(threads, pieces.size()); i++) {
      try {
        others.add(Thread.ofPlatform().daemon().name("fixedram pages").start(shared::work));
      } catch (OutOfMemoryError e) {
        break;
      }
    }
    shared.work();
    others.forEach(Threads::joinUninterruptibly);
    shared.throwFailure();
  }

  /** All failures of a thread must reach the thread that waits for it. */
  @SuppressWarnings("CatchThrowable")
  private void work() {
    try {
      Consumer<T> worker = workers.get();
      int piece = next.getAndIncrement();
      while (piece < pieces.size() && failures.isEmpty()) {
        worker.accept(pieces.get(piece));
        piece = next.getAndIncrement();
      }
    } catch (Throwable e) {
      failures.add(e);
    }
  }

  private void throwFailure() {
    for (Throwable cause : failures) {
      throw FixedRamException.of("copying pages failed", cause);
    }
  }
}
