// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.stream.Stream;

/**
 * Runs of pages in the order in which restored guests first touched them, each once, at most {@link
 * #MAX_RUNS}. Beyond the maximum, the last runs of earlier restores are dropped. Not thread-safe.
 */
public final class HotPages {
  /** Length of a run in target pages; a run begins at a multiple of it. */
  public static final int RUN_PAGES = 16;

  /** Maximum number of runs: 1 GiB of guest memory with pages of 4 KiB. */
  public static final int MAX_RUNS = 1 << 14;

  private final SequencedSet<Run> remembered = new LinkedHashSet<>();
  private final SequencedSet<Run> touched = new LinkedHashSet<>();

  /**
   * A run of {@link #RUN_PAGES} pages.
   *
   * @param block index of the RAM block in the save
   * @param firstPage index of the first page in the block
   */
  public record Run(int block, long firstPage) {}

  /** Creates an empty list. */
  public HotPages() {}

  /** Adds the run of a page that the guest has touched, if it is not in the list. */
  public void add(RamBlock block, long page) {
    Run run = new Run(block.index(), page / RUN_PAGES * RUN_PAGES);
    if (!remembered.contains(run) && touched.size() < MAX_RUNS && touched.add(run)) {
      if (remembered.size() + touched.size() > MAX_RUNS) {
        remembered.removeLast();
      }
    }
  }

  /** Adds a run of an earlier restore, unless the list is full. */
  void remember(Run run) {
    if (remembered.size() < MAX_RUNS) {
      remembered.add(run);
    }
  }

  /** Whether all runs are pages of the given blocks. */
  boolean fit(RamBlocks blocks) {
    return runs().stream()
        .allMatch(run ->
            run.block() >= 0
                && run.block() < blocks.list().size()
                && run.firstPage() >= 0
                && run.firstPage() % RUN_PAGES == 0
                && run.firstPage() < blocks.pages(blocks.list().get(run.block())));
  }

  /** The runs so far, in the order in which to send them: those of earlier restores first. */
  public List<Run> runs() {
    return Stream.concat(remembered.stream(), touched.stream()).toList();
  }
}
