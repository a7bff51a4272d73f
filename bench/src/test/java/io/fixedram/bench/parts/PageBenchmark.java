// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.parts;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.ZeroPages;
import io.fixedram.memory.AtomicDirtyLog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What each page of a guest costs: the zero test, a mark in the dirty log, a bit of a bitmap. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PageBenchmark {
  private static final int PAGE_BYTES = 4096;
  private static final long RAM_BYTES = 4L << 30;
  private static final long PAGES = RAM_BYTES / PAGE_BYTES;

  /** Odd, so that every page comes once before the first one comes again. */
  private static final long STRIDE_PAGES = 40_503;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment zeros = arena.allocate(64 << 20, PAGE_BYTES);
  private final RamBlocks blocks =
      new RamBlocks(PAGE_BYTES, List.of(new RamBlock(0, "pc.ram", RAM_BYTES)));
  private final AtomicDirtyLog log = new AtomicDirtyLog(blocks);
  private final PageBitmap sparse = new PageBitmap(PAGES);
  private final PageBitmap collected = new PageBitmap(PAGES);
  private final SplittableRandom random = new SplittableRandom(1);
  private long next;

  /** A guest of 4 GiB, one page in 64 of which is in the file. */
  @Setup
  public void fill() {
    for (long page = 0; page < PAGES; page += 64) {
      sparse.set(page, 1);
    }
  }

  /** Frees the memory. */
  @TearDown
  public void free() {
    arena.close();
  }

  /** The zero test of a page that is zero, which has to look at all of it. */
  @Benchmark
  public boolean zeroPage() {
    next = (next + PAGE_BYTES) % zeros.byteSize();
    return ZeroPages.isZero(zeros, next, PAGE_BYTES);
  }

  /** A mark of a random page: set the first time, only looked at afterwards. */
  @Benchmark
  public void markRandomPage() {
    log.mark(0, random.nextLong(PAGES), 1);
  }

  /** The same from two threads at a time. */
  @Benchmark
  @Threads(2)
  public void markRandomPageInTwoThreads() {
    log.mark(0, ThreadLocalRandom.current().nextLong(PAGES), 1);
  }

  /** A mark of a page that has none, in an order far from that of memory. */
  @Benchmark
  public void markCleanPage() {
    next = (next + STRIDE_PAGES) % PAGES;
    log.mark(0, next, 1);
    if (next == 0) {
      log.collect(0, collected);
    }
  }

  /** A page marked, and the log of 4 GiB with its one mark collected. */
  @Benchmark
  public long markAndCollect() {
    log.mark(0, random.nextLong(PAGES), 1);
    return log.collect(0, collected);
  }

  /** A mark of a page that is marked already. */
  @Benchmark
  public void markSamePage() {
    log.mark(0, 0, 1);
  }

  /** All runs of a sparse bitmap over 4 GiB. */
  @Benchmark
  public long scanSparseBitmap() {
    long runs = 0;
    for (long page = sparse.nextSet(0); page < PAGES; ) {
      runs++;
      page = sparse.nextSet(sparse.nextClear(page));
    }
    return runs;
  }
}
