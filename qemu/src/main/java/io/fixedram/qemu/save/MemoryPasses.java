// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.fingerprint.ChangeCount;
import io.fixedram.fingerprint.ChangedPages;
import io.fixedram.fingerprint.FingerprintTable;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.CpuTime;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageShares;
import io.fixedram.store.PageStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * Passes over a store whose pages change all the time. Each reads by several threads, decides anew
 * which pages have content at all, and hands on those that are not what an earlier pass handed on;
 * the first one all that are not zero. After a pass over pages that nobody changes meanwhile, what
 * was handed on is what is there.
 *
 * <p>Not for several threads itself. Memory: the fingerprints, 4 MiB for each GiB of the guest, and
 * a buffer of 1 MiB a thread.
 */
final class MemoryPasses implements AutoCloseable {
  /** Pages that stand next to each other in a sample. */
  private static final int SAMPLE_RUN_BYTES = 256 << 10;

  private final PageStore store;
  private final TransferCounters counters;
  private final Cancellation cancellation;
  private final FingerprintTable table;
  private final int threads;
  private int passes;

  /**
   * What a pass did.
   *
   * @param contentBytes pages of the whole guest that may have content, when the pass began
   * @param readBytes those of them that were read
   * @param changedBytes those of them that were not what had been handed on before
   * @param looked how long it took to find out which have content
   * @param elapsed how long it took to read them, and to hand on what changed
   * @param worked time of processors for that
   */
  record Pass(
      long contentBytes,
      long readBytes,
      long changedBytes,
      Duration looked,
      Duration elapsed,
      Duration worked) {

    /** The same with another count of changes. */
    Pass withChanges(long bytes) {
      return new Pass(contentBytes, readBytes, bytes, looked, elapsed, worked);
    }

    /** How much of the whole guest has changed, if it is like what was read. */
    long changedOfAll() {
      return (long) (changedBytes / (double) Math.max(1, readBytes) * contentBytes);
    }
  }

  /** Passes over a store of which nothing was handed on yet. */
  MemoryPasses(PageStore store, TransferCounters counters, Cancellation cancellation) {
    this.store = store;
    this.counters = counters;
    this.cancellation = cancellation;
    this.table = new FingerprintTable(store.header().blocks());
    this.threads = store.parallelReads();
  }

  /** How many threads read. */
  int threads() {
    return threads;
  }

  /** Passes over all memory so far. */
  int passes() {
    return passes;
  }

  /**
   * Reads all memory.
   *
   * @param targets what changed goes to, for one thread each, made in that thread
   */
  Pass all(Supplier<? extends PageSink> targets) {
    passes++;
    Queue<ChangedPages> sinks = new ConcurrentLinkedQueue<>();
    Pass pass =
        run(
            Long.MAX_VALUE,
            () -> {
              ChangedPages changed = new ChangedPages(targets.get(), table);
              sinks.add(changed);
              return CountingSink.pages(changed, counters, cancellation);
            });
    return pass.withChanges(sinks.stream().mapToLong(ChangedPages::dataBytes).sum());
  }

  /**
   * Reads a part of the memory that is spread evenly over all of it, and counts what has changed
   * since the last pass.
   *
   * @param bytes about how much of what has content
   */
  Pass sample(long bytes) {
    Queue<ChangeCount> sinks = new ConcurrentLinkedQueue<>();
    Pass pass =
        run(
            bytes,
            () -> {
              ChangeCount changes = new ChangeCount(table);
              sinks.add(changes);
              return changes;
            });
    return pass.withChanges(sinks.stream().mapToLong(ChangeCount::changedBytes).sum());
  }

  private Pass run(long bytes, Supplier<? extends PageSink> sinks) {
    long start = System.nanoTime();
    List<PageMap> maps = new ArrayList<>();
    for (RamBlock block : store.blocks()) {
      cancellation.throwIfCancelled();
      maps.add(store.pages(block));
    }
    long content = maps.stream().mapToLong(MemoryPasses::contentBytes).sum();
    PageShares shares = new PageShares(store);
    // One run of so many.
    long stride = Math.max(1, content / Math.max(1, bytes));
    long read = 0;
    for (PageMap map : maps) {
      read += stride == 1 ? addAll(shares, map) : addSome(shares, map, stride);
    }
    long looked = System.nanoTime();
    Duration before = CpuTime.ofProcess();
    shares.send(threads, sinks);
    return new Pass(
        content,
        read,
        0,
        Duration.ofNanos(looked - start),
        Duration.ofNanos(System.nanoTime() - looked),
        CpuTime.ofProcess().minus(before));
  }

  private static long contentBytes(PageMap map) {
    return map.stored().cardinality() * map.pageSize();
  }

  private static long addAll(PageShares shares, PageMap map) {
    shares.add(map, 0, map.pages());
    return contentBytes(map);
  }

  /** Runs of pages that may have content, and others between them. */
  private static long addSome(PageShares shares, PageMap map, long stride) {
    long run = SAMPLE_RUN_BYTES / map.pageSize();
    long content = 0;
    long next = map.stored().nextSet(0);
    while (next < map.pages()) {
      long end = Math.min(map.pages(), next + run);
      shares.add(map, next, end);
      for (long page = next; page < end; page++) {
        content += map.stored().get(page) ? map.pageSize() : 0;
      }
      long skip = run * stride;
      next = skip < map.pages() - next ? map.stored().nextSet(next + skip) : map.pages();
    }
    return content;
  }

  @Override
  public void close() {
    table.close();
  }
}
