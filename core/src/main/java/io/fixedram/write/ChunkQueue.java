// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.error.FixedRamException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Passes chunks from the thread that fills them to the threads that write them, and back when they
 * are empty again. After a failure of a writing thread, every later call of the filling thread
 * throws it.
 */
final class ChunkQueue {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** LIFO, so that no more buffers are faulted in than the disk's backlog needs. */
  private final Deque<Chunk> free = new ArrayDeque<>();

  private final Deque<Chunk> queue = new ArrayDeque<>();
  private final Set<Chunk.Key> inFlight = new HashSet<>();
  private Optional<Throwable> failure = Optional.empty();
  private boolean stopping;

  /** Adds an empty chunk. */
  void add(Chunk chunk) {
    locked(() -> free.push(chunk));
  }

  /** Waits for an empty chunk, and until no earlier write of the same piece is in progress. */
  Chunk take(Chunk.Key key) {
    lock.lock();
    try {
      await(() -> !free.isEmpty() && !inFlight.contains(key));
      throwFailure();
      Chunk chunk = free.remove();
      chunk.reset(key);
      return chunk;
    } finally {
      lock.unlock();
    }
  }

  /** Queues a chunk for writing. */
  void submit(Chunk chunk) {
    locked(() -> {
      inFlight.add(chunk.key());
      queue.add(chunk);
    });
  }

  /** Whether a piece is queued or being written. */
  boolean isInFlight(Chunk.Key key) {
    lock.lock();
    try {
      return inFlight.contains(key);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until a piece that is queued or being written has been written. */
  void awaitLanded(Chunk.Key key) {
    lock.lock();
    try {
      await(() -> !inFlight.contains(key));
      throwFailure();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all queued chunks have been written. */
  void awaitAllLanded() {
    lock.lock();
    try {
      await(inFlight::isEmpty);
      throwFailure();
    } finally {
      lock.unlock();
    }
  }

  /** For a writing thread: the next chunk; empty once it must end. */
  Optional<Chunk> next() {
    lock.lock();
    try {
      await(() -> stopping || !queue.isEmpty());
      return stopping ? Optional.empty() : Optional.of(queue.remove());
    } finally {
      lock.unlock();
    }
  }

  /** For a writing thread: whether a write has failed, so that further writes are useless. */
  boolean hasFailed() {
    lock.lock();
    try {
      return failure.isPresent();
    } finally {
      lock.unlock();
    }
  }

  /** For a writing thread: records that a chunk was written or failed. */
  void landed(Chunk chunk, Optional<Throwable> problem) {
    locked(() -> {
      if (failure.isEmpty()) {
        failure = problem;
      }
      inFlight.remove(chunk.key());
      free.push(chunk);
    });
  }

  /** Ends the writing threads, each after its current chunk. */
  void stop() {
    locked(() -> stopping = true);
  }

  private void locked(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits end because a writing thread completes every chunk, even after a failure. */
  private void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      changed.awaitUninterruptibly();
    }
  }

  private void throwFailure() {
    if (failure.isPresent()) {
      throw FixedRamException.of("writing pages failed", failure.get());
    }
  }
}
