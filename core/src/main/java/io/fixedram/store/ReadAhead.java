// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads the pages of a store ahead of the thread that sends them on, in the store's order, with
 * {@link RamPages#parallelReads()} threads. Memory: {@value #BUFFERS} buffers of 1 MiB, or two for
 * each thread if that is more.
 */
final class ReadAhead implements AutoCloseable {
  private static final int BUFFERS = 8;
  private static final int BUFFER_BYTES = 1 << 20;

  private final RamPages store;
  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<MemorySegment> free;

  /**
   * Bounded without blocking: each piece but the last corresponds to a buffer taken from {@link
   * #free}.
   */
  private final BlockingQueue<CompletableFuture<Reading>> pieces;

  private final List<Thread> threads = new ArrayList<>();

  /** Held to take the next window and its place in the order. */
  private final ReentrantLock next = new ReentrantLock();

  private final Iterator<RamBlock> blocks;
  private Optional<PageMap> map = Optional.empty();
  private long page;
  private boolean ended;

  /** Result of a reading thread. */
  private sealed interface Reading {
    /** A window, and its content. */
    record Content(PageWindow window, MemorySegment buffer) implements Reading {}

    /** A window of zeros. */
    record Zeros(PageWindow window) implements Reading {}

    /** All was read, or reading failed. */
    record End(Optional<Throwable> failure) implements Reading {}
  }

  /** A window that a thread is to read. */
  private record Claim(PageWindow window, MemorySegment buffer, CompletableFuture<Reading> piece) {}

  /** Starts reading all blocks of a store. */
  ReadAhead(RamPages store) {
    this.store = store;
    this.blocks = store.blocks().iterator();
    int atATime = store.parallelReads();
    int buffers = Math.max(BUFFERS, 2 * atATime);
    free = new ArrayBlockingQueue<>(buffers);
    pieces = new ArrayBlockingQueue<>(buffers + 1);
    try {
      MemorySegment memory = AnonymousMemory.allocateHuge(arena, (long) buffers * BUFFER_BYTES);
      for (int i = 0; i < buffers; i++) {
        free.add(memory.asSlice((long) i * BUFFER_BYTES, BUFFER_BYTES));
      }
      for (int i = 0; i < atATime; i++) {
        threads.add(Thread.ofPlatform().daemon().name("fixedram page reader").start(this::run));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Sends all pages to a sink, which is neither begun nor ended.
   *
   * @throws FixedRamException if reading failed; the pages before it have been sent
   */
  void sendTo(PageSink sink) {
    while (true) {
      switch (Threads.takeUninterruptibly(pieces).join()) {
        case Reading.Content content -> {
          content.window().sendTo(sink, content.buffer());
          free.add(content.buffer());
        }
        case Reading.Zeros zeros -> zeros.window().sendZeros(sink);
        case Reading.End end -> {
          if (end.failure().isPresent()) {
            throw FixedRamException.of("reading pages failed", end.failure().get());
          }
          return;
        }
      }
    }
  }

  private void run() {
    try {
      for (Optional<Claim> claim = claim(); claim.isPresent(); claim = claim()) {
        claim.get().piece().complete(read(claim.get()));
      }
    } catch (InterruptedException e) {
      // close() interrupts the thread: no more pages are wanted.
      Thread.currentThread().interrupt();
    }
  }

  /** All failures of this thread must reach the thread that waits for it. */
  @SuppressWarnings("CatchThrowable")
  private Optional<Claim> claim() throws InterruptedException {
    next.lockInterruptibly();
    try {
      if (ended) {
        return Optional.empty();
      }
      MemorySegment buffer = free.take();
      CompletableFuture<Reading> piece = new CompletableFuture<>();
      pieces.put(piece);
      try {
        Optional<PageWindow> window = nextWindow();
        if (window.isPresent()) {
          return Optional.of(new Claim(window.get(), buffer, piece));
        }
        ended = true;
        piece.complete(new Reading.End(Optional.empty()));
      } catch (Throwable e) {
        ended = true;
        piece.complete(new Reading.End(Optional.of(e)));
      }
      return Optional.empty();
    } finally {
      next.unlock();
    }
  }

  private Optional<PageWindow> nextWindow() {
    while (map.isEmpty() || page == map.get().pages()) {
      if (!blocks.hasNext()) {
        return Optional.empty();
      }
      map = Optional.of(store.pages(blocks.next()));
      page = 0;
    }
    PageWindow window = PageWindow.of(map.get(), page, map.get().pages(), BUFFER_BYTES);
    page = window.end();
    return Optional.of(window);
  }

  /** All failures of this thread must reach the thread that waits for it. */
  @SuppressWarnings("CatchThrowable")
  private Reading read(Claim claim) {
    try {
      if (claim.window().read(store, claim.buffer())) {
        return new Reading.Content(claim.window(), claim.buffer());
      }
      free.add(claim.buffer());
      return new Reading.Zeros(claim.window());
    } catch (Throwable e) {
      return new Reading.End(Optional.of(e));
    }
  }

  /** Ends the reading threads. */
  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
    threads.forEach(Threads::joinUninterruptibly);
    arena.close();
  }
}
