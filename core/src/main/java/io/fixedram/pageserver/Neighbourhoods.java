// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import java.util.ArrayDeque;
import java.util.Optional;

/**
 * Runs around pages that were asked for, the latest first: who has just touched a page will soon
 * touch the next. Of too many the oldest are left to the background.
 */
final class Neighbourhoods {
  private static final int MOST = 64;

  private final ArrayDeque<PageRun> runs = new ArrayDeque<>();

  void add(PageRun run) {
    if (runs.size() == MOST) {
      runs.removeLast();
    }
    runs.addFirst(run);
  }

  /** Takes the latest run that has something left to send. */
  Optional<PageRun> next() {
    while (!runs.isEmpty()) {
      PageRun run = runs.removeFirst();
      if (!run.block().allSent(run.first(), run.end())) {
        return Optional.of(run);
      }
    }
    return Optional.empty();
  }
}
