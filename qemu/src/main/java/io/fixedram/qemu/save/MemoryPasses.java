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
import io.fixedram.parallel.PageShares;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * Passes over memory whose pages may change at any time. Each pass determines which pages may have
 * content, reads these with several threads, and passes on those that differ from what earlier
 * passes have passed on; the first pass passes on all pages that are not zero. After a pass during
 * which no page changed, the content that was passed on is that of the memory.
 *
 * <p>Not thread-safe. Memory: the fingerprints, 4 MiB for each GiB of the guest, and a buffer of 1
 * MiB for each reading thread.
 */
final class MemoryPasses implements AutoCloseable {
  /** Length of a run of adjacent pages in a sample. */
  private static final int SAMPLE_RUN_BYTES = 256 << 10;

  private final RamPages memory;
  private final TransferCounters counters;
  private final Cancellation cancellation;
  private final FingerprintTable table;
  private final int threads;
  private int passes;

  /**
   * Result of a pass.
   *
   * @param contentBytes size of all pages that may have content, at the beginning of the pass
   * @param readBytes size of those that were read
   * @param changedBytes size of those that differ from what was passed on before
   * @param looked time to determine which pages may have content
   * @param elapsed time to read pages and to pass on those that changed
   * @param worked processor time for that
   */
  record Pass(
      long contentBytes,
      long readBytes,
      long changedBytes,
      Duration looked,
      Duration elapsed,
      Duration worked) {

    /** A copy with other changed bytes. */
    Pass withChanges(long bytes) {
      return new Pass(contentBytes, readBytes, bytes, looked, elapsed, worked);
    }

    /** Estimated size of the changed pages of the whole guest, from those that were read. */
    long changedOfAll() {
      return (long) (changedBytes / (double) Math.max(1, readBytes) * contentBytes);
    }
  }

  /** Creates passes over memory of which no page was passed on yet. */
  MemoryPasses(RamPages memory, TransferCounters counters, Cancellation cancellation) {
    this.memory = memory;
    this.counters = counters;
    this.cancellation = cancellation;
    this.table = new FingerprintTable(memory.header().blocks());
    this.threads = memory.parallelReads();
  }

  /** Number of reading threads. */
  int threads() {
    return threads;
  }

  /** Number of passes over all memory so far. */
  int passes() {
    return passes;
  }

  /**
   * Reads all memory.
   *
   * @param targets creates a sink for changed pages; called by each reading thread
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
   * Reads a sample that is spread evenly over the memory, and counts pages that have changed since
   * the last pass.
   *
   * @param bytes approximate size of the sample
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
    for (RamBlock block : memory.blocks()) {
      cancellation.throwIfCancelled();
      maps.add(memory.pages(block));
    }
    long content = maps.stream().mapToLong(PageMap::storedBytes).sum();
    PageShares shares = new PageShares(memory);
    // The sample has one run out of this many.
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

  private static long addAll(PageShares shares, PageMap map) {
    shares.add(map, 0, map.pages());
    return map.storedBytes();
  }

  /** Adds runs of pages at even distances, and returns the size of their pages with content. */
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
