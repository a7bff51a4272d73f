// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.util.List;
import java.util.Optional;

/**
 * All pages that nobody has asked for, in short runs: those with content in the order of the file,
 * then those that are zero.
 */
final class Background {
  private final List<BlockPages> blocks;
  private final int dataRunPages;
  private final int zeroRunPages;
  private boolean zeros;
  private int block;
  private long page;

  Background(List<BlockPages> blocks, int dataRunPages, int zeroRunPages) {
    this.blocks = blocks;
    this.dataRunPages = dataRunPages;
    this.zeroRunPages = zeroRunPages;
  }

  /** The next run that has something left to send; none when all was sent. */
  Optional<PageRun> next() {
    while (true) {
      while (block < blocks.size()) {
        BlockPages pages = blocks.get(block);
        long first = zeros ? pages.nextUnsent(page) : pages.nextUnsentData(page);
        if (first < pages.pages()) {
          long most = Math.min(pages.pages(), first + (zeros ? zeroRunPages : dataRunPages));
          long end = zeros ? most : pages.present().nextClear(first, most);
          page = end;
          return Optional.of(new PageRun(pages, first, end));
        }
        block++;
        page = 0;
      }
      if (zeros) {
        return Optional.empty();
      }
      zeros = true;
      block = 0;
      page = 0;
    }
  }
}
