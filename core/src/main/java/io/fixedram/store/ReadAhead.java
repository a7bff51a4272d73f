// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Reads the pages of a store in a thread of its own, ahead of the thread that sends them on.
 * Memory: {@value #BUFFERS} buffers of 1 MiB.
 */
final class ReadAhead implements AutoCloseable {
  private static final int BUFFERS = 8;
  private static final int BUFFER_BYTES = 1 << 20;

  private final PageStore store;
  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<MemorySegment> free = new ArrayBlockingQueue<>(BUFFERS);

  /** Each piece that is not the last has a buffer or its place in {@link #free} taken. */
  private final BlockingQueue<Piece> read = new ArrayBlockingQueue<>(BUFFERS);

  private final Thread thread;

  /** What the reading thread has to say. */
  private sealed interface Piece {
    /** A window, and its content. */
    record Content(PageWindow window, MemorySegment buffer) implements Piece {}

    /** A window of zeros. */
    record Zeros(PageWindow window) implements Piece {}

    /** All was read, or reading failed. */
    record End(Optional<Throwable> failure) implements Piece {}
  }

  /** Starts to read all blocks of a store. */
  ReadAhead(PageStore store) {
    this.store = store;
    MemorySegment buffers = AnonymousMemory.allocateHuge(arena, (long) BUFFERS * BUFFER_BYTES);
    for (int i = 0; i < BUFFERS; i++) {
      free.add(buffers.asSlice((long) i * BUFFER_BYTES, BUFFER_BYTES));
    }
    thread = Thread.ofPlatform().daemon().name("fixedram page reader").start(this::run);
  }

  /**
   * Sends all pages to a sink, which is neither begun nor ended.
   *
   * @throws FixedRamException if reading failed; what came before has been sent
   */
  void sendTo(PageSink sink) {
    while (true) {
      switch (Threads.takeUninterruptibly(read)) {
        case Piece.Content content -> {
          content.window().sendTo(sink, content.buffer());
          free.add(content.buffer());
        }
        case Piece.Zeros zeros -> zeros.window().sendZeros(sink);
        case Piece.End end -> {
          if (end.failure().isPresent()) {
            throw FixedRamException.of("reading pages failed", end.failure().get());
          }
          return;
        }
      }
    }
  }

  /** Whatever goes wrong in this thread must reach the one that waits for it. */
  @SuppressWarnings("CatchThrowable")
  private void run() {
    try {
      Optional<Throwable> failure = Optional.empty();
      try {
        for (RamBlock block : store.blocks()) {
          readBlock(store.pages(block));
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Throwable e) {
        failure = Optional.of(e);
      }
      read.put(new Piece.End(failure));
    } catch (InterruptedException e) {
      // Nobody wants more.
      Thread.currentThread().interrupt();
    }
  }

  private void readBlock(PageMap map) throws InterruptedException {
    for (long page = 0; page < map.pages(); ) {
      PageWindow window = PageWindow.of(map, page, map.pages(), BUFFER_BYTES);
      MemorySegment buffer = free.take();
      boolean used = false;
      try {
        used = window.read(store, buffer);
      } finally {
        if (!used) {
          free.add(buffer);
        }
      }
      read.put(used ? new Piece.Content(window, buffer) : new Piece.Zeros(window));
      page = window.end();
    }
  }

  /** Ends the reading thread. */
  @Override
  public void close() {
    thread.interrupt();
    Threads.joinUninterruptibly(thread);
    arena.close();
  }
}
