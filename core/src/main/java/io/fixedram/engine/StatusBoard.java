// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationStatus;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The status of a migration. Several threads can change it and wait for it. Listeners are notified
 * in the order of the changes, without a lock held.
 */
final class StatusBoard {
  /** A timeout that never expires in practice. */
  static final Duration FOREVER = Duration.ofDays(10_000);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<MigrationListener> listeners = new CopyOnWriteArrayList<>();
  private final Queue<Consumer<MigrationListener>> news = new ArrayDeque<>();
  private MigrationStatus status = MigrationStatus.NONE;
  private boolean telling;

  void add(MigrationListener listener) {
    listeners.add(listener);
  }

  MigrationStatus status() {
    lock.lock();
    try {
      return status;
    } finally {
      lock.unlock();
    }
  }

  /** Changes the status if the current one is accepted; returns whether it was. */
  boolean change(Predicate<MigrationStatus> from, MigrationStatus to) {
    lock.lock();
    try {
      if (!from.test(status)) {
        return false;
      }
      status = to;
      news.add(listener -> listener.statusChanged(to));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    tell();
    return true;
  }

  /** Notifies the listeners of another event. */
  void announce(Consumer<MigrationListener> what) {
    lock.lock();
    try {
      news.add(what);
    } finally {
      lock.unlock();
    }
    tell();
  }

  /** Waits for a status; returns false if the timeout has expired. */
  boolean await(Predicate<MigrationStatus> wanted, Duration timeout) throws InterruptedException {
    long left = nanos(timeout);
    lock.lockInterruptibly();
    try {
      while (!wanted.test(status)) {
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private static long nanos(Duration timeout) {
    if (timeout.isNegative()) {
      return 0;
    }
    return timeout.compareTo(FOREVER) > 0 ? FOREVER.toNanos() : timeout.toNanos();
  }

  /**
   * Delivers the queued notifications, unless another thread is delivering, which then continues.
   */
  private void tell() {
    while (true) {
      Consumer<MigrationListener> next;
      lock.lock();
      try {
        if (telling || news.isEmpty()) {
          return;
        }
        telling = true;
        next = news.remove();
      } finally {
        lock.unlock();
      }
      try {
        listeners.forEach(listener -> tell(listener, next));
      } finally {
        lock.lock();
        try {
          telling = false;
        } finally {
          lock.unlock();
        }
      }
    }
  }

  // A failing listener must not affect the migration.
  @SuppressWarnings("CatchThrowable")
  private static void tell(MigrationListener listener, Consumer<MigrationListener> what) {
    try {
      what.accept(listener);
    } catch (Throwable e) {
      report(e);
    }
  }

  /** The uncaught exception handler can throw too. */
  @SuppressWarnings("CatchThrowable")
  private static void report(Throwable failure) {
    Thread current = Thread.currentThread();
    try {
      current.getUncaughtExceptionHandler().uncaughtException(current, failure);
    } catch (Throwable e) {
      System.getLogger(StatusBoard.class.getName())
          .log(System.Logger.Level.WARNING, "a migration's listener failed", failure);
    }
  }
}
