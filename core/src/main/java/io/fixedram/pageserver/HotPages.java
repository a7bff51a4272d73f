// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.stream.Stream;

/**
 * Runs of pages in the order in which restored guests first touched them, each once, and no more of
 * them than {@link #MAX_RUNS}: where there are, the last of the runs remembered earlier make room.
 * One thread at a time.
 */
public final class HotPages {
  /** Target pages in a run, which begins at a multiple of them. */
  public static final int RUN_PAGES = 16;

  /** With pages of 4 KiB, 1 GiB of guest memory. */
  public static final int MAX_RUNS = 1 << 14;

  private final SequencedSet<Run> remembered = new LinkedHashSet<>();
  private final SequencedSet<Run> touched = new LinkedHashSet<>();

  /**
   * A run.
   *
   * @param block index of its RAM block in the save
   * @param firstPage its first page in the block
   */
  public record Run(int block, long firstPage) {}

  /** Starts with none. */
  public HotPages() {}

  /** Adds the run that holds a page and that has been touched, if it is not known. */
  public void add(RamBlock block, long page) {
    Run run = new Run(block.index(), page / RUN_PAGES * RUN_PAGES);
    if (!remembered.contains(run) && touched.size() < MAX_RUNS && touched.add(run)) {
      if (remembered.size() + touched.size() > MAX_RUNS) {
        remembered.removeLast();
      }
    }
  }

  /** Adds a run from an earlier restore, if there is room. */
  void remember(Run run) {
    if (remembered.size() < MAX_RUNS) {
      remembered.add(run);
    }
  }

  /** Whether all runs are of a guest. */
  boolean fit(RamBlocks blocks) {
    return runs().stream()
        .allMatch(run ->
            run.block() >= 0
                && run.block() < blocks.list().size()
                && run.firstPage() >= 0
                && run.firstPage() % RUN_PAGES == 0
                && run.firstPage() < blocks.pages(blocks.list().get(run.block())));
  }

  /** The runs so far, those touched earlier first. */
  public List<Run> runs() {
    return Stream.concat(remembered.stream(), touched.stream()).toList();
  }
}
