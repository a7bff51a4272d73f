// SPDX-License-Identifier: Apache-2.0
package io.fixedram.parallel;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.Threads;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Distributes pieces of work over the calling thread and additional threads. */
public final class SharedWork<T> {
  /** Used by one thread at a time. */
  private final Iterator<T> pieces;

  private final Supplier<Consumer<T>> workers;
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

  private SharedWork(Iterator<T> pieces, Supplier<Consumer<T>> workers) {
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
    run(pieces.iterator(), Math.min(threads, Math.max(1, pieces.size())), workers);
  }

  /**
   * Does all the work, whose pieces are determined one after the other by one thread at a time.
   *
   * @param threads number of threads including the calling one, at least 1
   * @param workers creates the worker of one thread, called in that thread
   * @throws FixedRamException the first failure; no further piece was begun after it
   */
  public static <T> void run(Iterator<T> pieces, int threads, Supplier<Consumer<T>> workers) {
    if (threads < 1) {
      throw new IllegalArgumentException("it takes one thread at least, not " + threads);
    }
    SharedWork<T> shared = new SharedWork<>(pieces, workers);
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
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
      Optional<T> piece = next();
      while (piece.isPresent() && failures.isEmpty()) {
        worker.accept(piece.get());
        piece = next();
      }
    } catch (Throwable e) {
      failures.add(e);
    }
  }

  private Optional<T> next() {
    synchronized (pieces) {
      return pieces.hasNext() ? Optional.of(pieces.next()) : Optional.empty();
    }
  }

  private void throwFailure() {
    for (Throwable cause : failures) {
      throw FixedRamException.of("copying pages failed", cause);
    }
  }
}
