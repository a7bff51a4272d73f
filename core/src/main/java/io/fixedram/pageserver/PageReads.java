// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Threads;
import io.fixedram.store.PageStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;

/**
 * Reads runs of pages. A store without parallel reads is read in the calling thread, which saves a
 * thread switch; other stores are read by {@link PageStore#parallelReads()} threads, so that no
 * read waits for an earlier slow one. All methods must be called by one thread.
 */
final class PageReads implements AutoCloseable {
  private static final int ATTEMPTS = 4;
  private static final long RETRY_MILLIS = 50;

  private final PageStore store;
  private final Taker taker;
  private final BooleanSupplier retries;
  private final Runnable whenRead;
  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<MemorySegment> free = new LinkedBlockingQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private final BlockingDeque<Read> pending = new LinkedBlockingDeque<>();
  private final Queue<Outcome> finished = new ConcurrentLinkedQueue<>();

  /** Reads that were started and not passed to the taker yet. */
  private final List<Read> underWay = new ArrayList<>();

  /** A run of pages to read, no longer than a buffer unless it has no content. */
  static final class Read {
    private final PageRun run;
    private Optional<Requests.Request> request;

    Read(PageRun run, Optional<Requests.Request> request) {
      this.run = run;
      this.request = request;
    }

    PageRun run() {
      return run;
    }

    /** The request that waits for the pages; empty if there is none. */
    Optional<Requests.Request> request() {
      return request;
    }
  }

  /** Receives the results of reads, in the thread that calls all methods. */
  interface Taker {
    /**
     * Called after a run was read.
     *
     * @param content whether the buffer has the run's content; otherwise the run is all zeros
     * @param buffer content beginning with the first page, valid until this returns; empty without
     *     content
     */
    void taken(Read read, boolean content, MemorySegment buffer);

    /** Called after a run could not be read, after all retries. */
    void failed(Read read, FixedRamException reason);
  }

  private sealed interface Outcome {
    Read read();

    record Done(Read read, boolean content, MemorySegment buffer) implements Outcome {}

    record Failed(Read read, Throwable reason, MemorySegment buffer) implements Outcome {}
  }

  /**
   * Prepares to read.
   *
   * @param bufferBytes maximum length of a read
   * @param retries whether failed reads are retried, asked after each failure
   * @param whenRead called by another thread when results are ready for {@link #deliver()}
   */
  PageReads(
      PageStore store, int bufferBytes, Taker taker, BooleanSupplier retries, Runnable whenRead) {
    this.store = store;
    this.taker = taker;
    this.retries = retries;
    this.whenRead = whenRead;
    try {
      int atATime = store.parallelReads();
      for (int i = 0; i < 2 * atATime; i++) {
        free.add(arena.allocate(bufferBytes, 4096));
      }
      for (int i = 0; i < atATime && atATime > 1; i++) {
        threads.add(Thread.ofPlatform().daemon().name("page read").start(this::work));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Whether all threads are busy. */
  boolean isFull() {
    return !threads.isEmpty() && underWay.size() >= threads.size();
  }

  /** Whether no read is in progress. */
  boolean isIdle() {
    return underWay.isEmpty();
  }

  /**
   * Reads a run: at once in this thread, or as soon as a thread is free. Runs with a request come
   * before those without.
   */
  void start(Read read) {
    PageRun run = read.run();
    if (!run.block().map().stored().isAnySet(run.first(), run.end() - run.first())) {
      taker.taken(read, false, MemorySegment.NULL);
      return;
    }
    if (threads.isEmpty()) {
      deliver(tryRead(read, Threads.takeUninterruptibly(free)));
      return;
    }
    underWay.add(read);
    if (read.request().isPresent()) {
      pending.addFirst(read);
    } else {
      pending.addLast(read);
    }
  }

  /** Attaches a request to the reads in progress that include its pages. */
  void ask(PageRun asked, Requests.Request request) {
    for (Read read : underWay) {
      PageRun run = read.run();
      if (run.block().index() == asked.block().index()
          && run.first() < asked.end()
          && asked.first() < run.end()
          && read.request.isEmpty()) {
        read.request = Optional.of(request);
        if (pending.remove(read)) {
          pending.addFirst(read);
        }
      }
    }
  }

  /** Passes completed reads to the taker; returns whether there were any. */
  boolean deliver() {
    boolean any = false;
    for (Outcome next = finished.poll(); next != null; next = finished.poll()) {
      underWay.remove(next.read());
      deliver(next);
      any = true;
    }
    return any;
  }

  private void deliver(Outcome outcome) {
    switch (outcome) {
      case Outcome.Done done -> {
        taker.taken(done.read(), done.content(), done.buffer());
        free.add(done.buffer());
      }
      case Outcome.Failed failed -> {
        free.add(failed.buffer());
        switch (failed.reason()) {
          case StorageException e -> taker.failed(failed.read(), e);
          case DamagedSaveException e -> taker.failed(failed.read(), e);
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          default -> throw FixedRamException.of("reading pages failed", failed.reason());
        }
      }
    }
  }

  /** All failures in another thread must reach the thread that waits for it. */
  @SuppressWarnings("CatchThrowable")
  private Outcome tryRead(Read read, MemorySegment buffer) {
    for (int attempt = 1; ; attempt++) {
      try {
        PageRun run = read.run();
        boolean content = store.read(run.block().map(), run.first(), run.end(), buffer, 0);
        return new Outcome.Done(read, content, buffer);
      } catch (StorageException | DamagedSaveException e) {
        if (attempt == ATTEMPTS || !retries.getAsBoolean() || !pause()) {
          return new Outcome.Failed(read, e, buffer);
        }
      } catch (Throwable e) {
        return new Outcome.Failed(read, e, buffer);
      }
    }
  }

  /** Waits before a retry; returns false if the thread was interrupted. */
  private static boolean pause() {
    try {
      Thread.sleep(RETRY_MILLIS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void work() {
    try {
      while (true) {
        MemorySegment buffer = free.take();
        finished.add(tryRead(pending.take(), buffer));
        whenRead.run();
      }
    } catch (InterruptedException e) {
      // close() interrupts the thread: no more pages are wanted.
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the threads; returns when no read is in progress any more. */
  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
    threads.forEach(Threads::joinUninterruptibly);
    arena.close();
  }
}
