// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.diff;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Counts differing pages of a block, and joins neighbours to ranges. Not thread-safe. */
final class RunMerger {
  private final String block;
  private final int pageSize;
  private final DifferenceSink sink;
  private final Map<PageDifference, Long> counts = new EnumMap<>(PageDifference.class);
  private Optional<PageDifference> current = Optional.empty();
  private long start;
  private long end;

  RunMerger(String block, int pageSize, DifferenceSink sink) {
    this.block = block;
    this.pageSize = pageSize;
    this.sink = sink;
  }

  /** Adds a page behind all earlier ones. */
  void add(PageDifference difference, long page) {
    counts.merge(difference, 1L, Long::sum);
    if (current.isEmpty() || current.get() != difference || end != page) {
      flush();
      current = Optional.of(difference);
      start = page;
    }
    end = page + 1;
  }

  /** Sends the last range. */
  void flush() {
    current.ifPresent(kind -> sink.range(block, kind, start * pageSize, (end - start) * pageSize));
    current = Optional.empty();
  }

  long count(PageDifference difference) {
    return counts.getOrDefault(difference, 0L);
  }
}
