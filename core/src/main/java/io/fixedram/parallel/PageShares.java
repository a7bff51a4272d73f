// SPDX-License-Identifier: Apache-2.0
package io.fixedram.parallel;

import io.fixedram.guest.PageSink;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs of pages of a store that several threads send in no particular order, each to its own sink.
 * Not thread-safe itself. Memory: 1 MiB for each thread.
 */
public final class PageShares {
  /**
   * Bytes assigned to a thread at a time: large enough for few read calls, small enough to spread
   * evenly.
   */
  private static final long SHARE_BYTES = 16 << 20;

  private static final int BUFFER_BYTES = 1 << 20;

  private final RamPages store;
  private final List<Share> shares = new ArrayList<>();

  /** A run of pages that one thread sends. */
  private record Share(PageMap map, long first, long count) {}

  /** Creates an empty set of runs. */
  public PageShares(RamPages store) {
    this.store = store;
  }

  /**
   * Adds a run of a block's pages.
   *
   * @param map page map of the block from {@link RamPages#pages}
   * @param first the first page
   * @param end the page after the last
   */
  public void add(PageMap map, long first, long end) {
    long limit = SHARE_BYTES / map.pageSize();
    for (long page = first; page < end; page += limit) {
      shares.add(new Share(map, page, Math.min(limit, end - page)));
    }
  }

  /**
   * Sends all runs and returns when all threads have finished. If the system can't create more
   * threads, fewer are used.
   *
   * @param threads number of threads including the calling one, at least 1
   * @param sinks creates the sink of one thread, called in that thread
   * @throws io.fixedram.error.FixedRamException the first failure; no further run was begun after
   *     it
   */
  public void send(int threads, Supplier<? extends PageSink> sinks) {
    SharedWork.run(shares, threads, () -> sender(sinks.get()));
  }

  private Consumer<Share> sender(PageSink sink) {
    MemorySegment buffer = AnonymousMemory.allocateHuge(Arena.ofAuto(), BUFFER_BYTES);
    return share -> store.send(share.map, share.first, share.first + share.count, buffer, sink);
  }
}
