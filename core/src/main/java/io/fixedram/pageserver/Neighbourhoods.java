// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Optional;

/**
 * Read-ahead: runs around requested pages, the latest first, since a guest that has touched a page
 * will soon touch the next. A guest that reads on to the end of a run gets a run twice as long. If
 * there are too many runs, the oldest are dropped and left to the background.
 */
final class Neighbourhoods {
  private static final int MAX_WALKS = 64;

  /**
   * Maximum distance behind a run of a request that continues it; the pages between were sent for
   * other reasons.
   */
  private static final int MAX_GAP_PAGES = 1024;

  private final int runPages;
  private final int maxPages;
  private final ArrayDeque<Walk> walks = new ArrayDeque<>();

  /**
   * A run that was begun.
   *
   * @param run the whole run
   * @param next the first page that {@link #next()} has not returned yet
   */
  private record Walk(PageRun run, long next) {

    boolean holds(PageRun asked) {
      return asked.block().index() == run.block().index()
          && asked.first() >= run.first()
          && asked.end() <= run.end();
    }

    boolean goesOnAt(BlockPages block, long page) {
      return block.index() == run.block().index()
          && page >= run.end()
          && page - run.end() <= MAX_GAP_PAGES
          && block.allSent(run.end(), page);
    }

    long pages() {
      return run.end() - run.first();
    }
  }

  /**
   * Starts without runs.
   *
   * @param runPages minimum length of a run in pages, and its alignment
   * @param maxPages maximum length of a run in pages
   */
  Neighbourhoods(int runPages, int maxPages) {
    this.runPages = runPages;
    this.maxPages = maxPages;
  }

  /** Records that pages were requested, which the caller has sent. */
  void add(PageRun asked) {
    Optional<Walk> under = take(asked);
    if (under.isPresent()) {
      walks.addFirst(under.get());
      return;
    }
    BlockPages block = asked.block();
    long first = asked.first() / runPages * runPages;
    long wanted = Math.max(runPages, 2 * lengthBefore(block, first));
    long rounded = (asked.end() + runPages - 1) / runPages * runPages;
    long end = Math.min(block.pages(), Math.max(rounded, first + Math.min(wanted, maxPages)));
    if (walks.size() == MAX_WALKS) {
      walks.removeLast();
    }
    walks.addFirst(new Walk(new PageRun(block, first, end), first));
  }

  /** Removes and returns the run that contains pages, if there is one. */
  private Optional<Walk> take(PageRun asked) {
    for (Iterator<Walk> each = walks.iterator(); each.hasNext(); ) {
      Walk walk = each.next();
      if (walk.holds(asked)) {
        each.remove();
        return Optional.of(walk);
      }
    }
    return Optional.empty();
  }

  /** Removes the run that continues at a page; returns its length, 0 if there is none. */
  private long lengthBefore(BlockPages block, long page) {
    for (Iterator<Walk> each = walks.iterator(); each.hasNext(); ) {
      Walk walk = each.next();
      if (walk.goesOnAt(block, page)) {
        each.remove();
        return walk.pages();
      }
    }
    return 0;
  }

  /** The next pages that were not sent, at most {@code runPages}. */
  Optional<PageRun> next() {
    for (Walk walk : walks) {
      PageRun run = walk.run();
      long from = run.block().sent().nextClear(walk.next(), run.end());
      if (from < run.end()) {
        long to = Math.min(run.end(), (from / runPages + 1) * runPages);
        walks.remove(walk);
        walks.addFirst(new Walk(run, to));
        return Optional.of(new PageRun(run.block(), from, to));
      }
    }
    return Optional.empty();
  }
}
