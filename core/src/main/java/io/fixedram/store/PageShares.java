// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.PageSink;
import io.fixedram.os.AnonymousMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs of pages of a store that several threads send, each to a sink of its own, in no order. Not
 * for several threads itself. Memory: 1 MiB a thread.
 */
public final class PageShares {
  /** Shared out to a thread at a time: read in few calls, and little enough to spread evenly. */
  private static final long SHARE_BYTES = 16 << 20;

  private static final int BUFFER_BYTES = 1 << 20;

  private final PageStore store;
  private final List<Share> shares = new ArrayList<>();

  /** A run of pages for one thread. */
  private record Share(PageMap map, long first, long count) {}

  /** Starts with no pages. */
  public PageShares(PageStore store) {
    this.store = store;
  }

  /**
   * Adds a run of a block's pages.
   *
   * @param map the block's, as {@link PageStore#pages} gives it
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
   * Sends all of them, and returns when no thread is at it any more. Where the system has no more
   * threads, fewer do it.
   *
   * @param threads this one among them, one at least
   * @param sinks makes the sink of one thread, in that thread
   * @throws io.fixedram.error.FixedRamException the first failure, after which no run was begun
   */
  public void send(int threads, Supplier<? extends PageSink> sinks) {
    SharedWork.run(shares, threads, () -> sender(sinks.get()));
  }

  private Consumer<Share> sender(PageSink sink) {
    MemorySegment buffer = AnonymousMemory.allocateHuge(Arena.ofAuto(), BUFFER_BYTES);
    return share -> PageRuns.send(store, share.map, share.first, share.count, buffer, sink);
  }
}
