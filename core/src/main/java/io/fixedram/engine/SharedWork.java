// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Spreads pieces of work over the calling thread and some more. */
final class SharedWork<T> {
  private final List<T> pieces;
  private final Consumer<T> work;
  private final AtomicInteger next = new AtomicInteger();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

  private SharedWork(List<T> pieces, Consumer<T> work) {
    this.pieces = pieces;
    this.work = work;
  }

  /**
   * Does all the work, and returns when no thread is at it any more.
   *
   * @throws FixedRamException the first failure, after which no piece was begun
   */
  static <T> void run(List<T> pieces, int threads, Consumer<T> work) {
    SharedWork<T> shared = new SharedWork<>(pieces, work);
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < Math.min(threads, pieces.size()); i++) {
      others.add(Thread.ofPlatform().daemon().name("fixedram load").start(shared::work));
    }
    shared.work();
    others.forEach(Threads::joinUninterruptibly);
    shared.throwFailure();
  }

  private void work() {
    int piece = next.getAndIncrement();
    while (piece < pieces.size() && failures.isEmpty()) {
      try {
        work.accept(pieces.get(piece));
      } catch (RuntimeException | Error e) {
        failures.add(e);
        return;
      }
      piece = next.getAndIncrement();
    }
  }

  private void throwFailure() {
    for (Throwable cause : failures) {
      throw cause instanceof FixedRamException told
          ? told
          : new FixedRamException("loading memory failed: " + cause, cause);
    }
  }
}
