// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.engine.Blocks;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class AtomicDirtyLogTest {
  private static final long SEED = Long.getLong("fixedram.seed", System.nanoTime());
  private static final long ROUNDS = 300_000;

  @Test
  void collectsWhatWasMarkedOnce() {
    Random random = new Random(SEED);
    for (int run = 0; run < 2000; run++) {
      int pages = 1 + random.nextInt(400);
      AtomicDirtyLog log = new AtomicDirtyLog(Blocks.of(5, pages));
      BitSet model = new BitSet();
      for (int i = random.nextInt(20); i > 0; i--) {
        int page = random.nextInt(pages);
        int count = random.nextInt(pages - page + 1);
        log.mark(1, page, count);
        model.set(page, page + count);
      }
      PageBitmap collected = new PageBitmap(pages);
      assertThat(log.collect(1, collected)).isEqualTo(model.cardinality());
      for (int page = 0; page < pages; page++) {
        assertThat(collected.get(page))
            .as("seed %d, page %d", SEED, page)
            .isEqualTo(model.get(page));
      }
      assertThat(log.collect(1, new PageBitmap(pages))).isZero();
      assertThat(log.collect(0, new PageBitmap(5))).isZero();
    }
  }

  @Test
  void refusesPagesThatAreNone() {
    AtomicDirtyLog log = new AtomicDirtyLog(Blocks.of(3));
    assertThatThrownBy(() -> log.mark(0, 2, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> log.mark(0, -1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    log.mark(0, 3, 0);
    assertThat(log.collect(0, new PageBitmap(3))).isZero();
  }

  /**
   * One thread writes a page that is marked already, another collects and reads it, at the same
   * moment, over and over. Whatever the order, what the writer wrote was read then or is read with
   * the next collection. Without the log's fences a write is lost once in some hundred rounds on
   * x86: the first mark brings the word near to the writer, so that the look at it is done before
   * the write gets out.
   */
  @Test
  void neverLosesAMark() throws InterruptedException {
    try (Arena arena = Arena.ofShared()) {
      GuestMemory memory = GuestMemory.allocate(arena, Blocks.of(1));
      RamBlock block = memory.blocks().list().getFirst();
      AtomicLong started = new AtomicLong();
      AtomicLong written = new AtomicLong();
      Thread writer =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                for (long round = 1; round <= ROUNDS; round++) {
                  awaitValue(started, round);
                  memory.markDirty(block, 0, Long.BYTES);
                  memory.segment(block).set(ValueLayout.JAVA_LONG, 0, round);
                  memory.markDirty(block, 0, Long.BYTES);
                  written.set(round);
                }
              });
      Random random = new Random(SEED);
      for (long round = 1; round <= ROUNDS; round++) {
        memory.markDirty(block, 0, Long.BYTES);
        started.set(round);
        for (int i = random.nextInt(10); i > 0; i--) {
          Thread.onSpinWait();
        }
        long read = readIfMarked(memory, block, round - 1);
        awaitValue(written, round);
        assertThat(readIfMarked(memory, block, read)).isEqualTo(round);
      }
      writer.join();
    }
  }

  private static void awaitValue(AtomicLong value, long wanted) {
    for (int i = 0; value.get() < wanted; i++) {
      if (i < 10_000) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(1);
      }
    }
  }

  private static long readIfMarked(GuestMemory memory, RamBlock block, long otherwise) {
    PageBitmap marks = new PageBitmap(1);
    return memory.dirtyLog().collect(0, marks) > 0
        ? memory.segment(block).get(ValueLayout.JAVA_LONG, 0)
        : otherwise;
  }

  /**
   * Threads that begin together mark bits of the same words over and over, each page once in a
   * round, while one collects: no mark of a round is lost, and none comes of nothing.
   */
  @Test
  void takesMarksOfManyThreads() throws InterruptedException {
    int writers = 3;
    int rounds = 2000;
    int pagesEach = 64;
    int pages = writers * pagesEach;
    AtomicDirtyLog log = new AtomicDirtyLog(Blocks.of(pages));
    CyclicBarrier together = new CyclicBarrier(writers + 1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < writers; i++) {
      long writer = i;
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                for (int round = 0; round < rounds; round++) {
                  meet(together);
                  for (long page = 0; page < pagesEach; page++) {
                    log.mark(0, page * writers + writer, 1);
                  }
                  meet(together);
                }
              }));
    }
    for (int round = 0; round < rounds; round++) {
      PageBitmap collected = new PageBitmap(pages);
      meet(together);
      long moved = 0;
      while (together.getNumberWaiting() < writers) {
        moved += log.collect(0, collected);
      }
      meet(together);
      moved += log.collect(0, collected);
      assertThat(moved).as("round %d", round).isEqualTo(pages);
      assertThat(collected.cardinality()).as("round %d", round).isEqualTo(pages);
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }
}
