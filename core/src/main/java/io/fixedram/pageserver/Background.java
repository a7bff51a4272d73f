// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Iterator over the pages to send without a request, in short runs: first the hot pages in their
 * order, then pages with content in the order of the file, then zero pages if they are wanted.
 */
final class Background {
  private final List<BlockPages> blocks;
  private final Iterator<HotPages.Run> hot;
  private final int dataRunPages;
  private final int zeroRunPages;
  private boolean dataSent;
  private int block;
  private long page;

  Background(List<BlockPages> blocks, List<HotPages.Run> hot, int dataRunPages, int zeroRunPages) {
    this.blocks = blocks;
    this.hot = hot.iterator();
    this.dataRunPages = dataRunPages;
    this.zeroRunPages = zeroRunPages;
  }

  /**
   * The next run with pages that were not sent yet; empty when all were sent.
   *
   * @param zeros whether zero pages are to be sent too
   */
  Optional<PageRun> next(boolean zeros) {
    while (hot.hasNext()) {
      HotPages.Run run = hot.next();
      BlockPages pages = blocks.get(run.block());
      long end = Math.min(pages.pages(), run.firstPage() + HotPages.RUN_PAGES);
      if (!pages.allSent(run.firstPage(), end)) {
        return Optional.of(new PageRun(pages, run.firstPage(), end));
      }
    }
    Optional<PageRun> next = dataSent ? Optional.empty() : nextData();
    if (next.isPresent()) {
      return next;
    }
    if (!dataSent) {
      dataSent = true;
      block = 0;
      page = 0;
    }
    return zeros ? nextZeros() : Optional.empty();
  }

  /** Whether only zero pages are left. */
  boolean zerosOnly() {
    return dataSent;
  }

  private Optional<PageRun> nextData() {
    for (; block < blocks.size(); block++, page = 0) {
      BlockPages pages = blocks.get(block);
      long first = pages.nextUnsentData(page);
      if (first < pages.pages()) {
        page = pages.map().stored().nextClear(first, Math.min(pages.pages(), first + dataRunPages));
        return Optional.of(new PageRun(pages, first, page));
      }
    }
    return Optional.empty();
  }

  private Optional<PageRun> nextZeros() {
    for (; block < blocks.size(); block++, page = 0) {
      BlockPages pages = blocks.get(block);
      long first = pages.sent().nextClear(page);
      if (first < pages.pages()) {
        page = Math.min(pages.pages(), first + zeroRunPages);
        return Optional.of(new PageRun(pages, first, page));
      }
    }
    return Optional.empty();
  }
}
