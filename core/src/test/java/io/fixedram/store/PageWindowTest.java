// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Windows over random bitmaps: none leaves a page out, and all fit the buffer. */
class PageWindowTest {
  private static final int PAGE_SIZE = 4096;
  private static final int BUFFER_PAGES = 16;

  @Test
  void coverEachPageOnce() {
    for (long seed = 1; seed <= 2000; seed++) {
      Random random = new Random(seed);
      int pages = 1 + random.nextInt(200);
      PageBitmap bitmap = new PageBitmap(pages);
      BitSet stored = new BitSet();
      int density = 1 + random.nextInt(20);
      for (int page = 0; page < pages; page++) {
        if (random.nextInt(density) == 0) {
          bitmap.set(page, 1);
          stored.set(page);
        }
      }
      long first = random.nextInt(pages);
      long end = first + 1 + random.nextInt((int) (pages - first));
      PageMap map = new PageMap(new RamBlock(0, "pc.ram", (long) pages * PAGE_SIZE), bitmap);
      for (long page = first; page < end; ) {
        PageWindow window = PageWindow.of(map, page, end, (long) BUFFER_PAGES * PAGE_SIZE);
        assertThat(window.first()).as("seed %d", seed).isEqualTo(page);
        assertThat(window.end()).as("seed %d", seed).isGreaterThan(page).isLessThanOrEqualTo(end);
        BitSet within = stored.get((int) page, (int) window.end());
        if (within.isEmpty()) {
          assertThat(window.firstStored()).as("seed %d", seed).isEqualTo(window.end());
        } else {
          assertThat(window.firstStored() - page).isEqualTo(within.nextSetBit(0));
          assertThat(window.endStored() - page).as("seed %d", seed).isEqualTo(within.length());
          assertThat(window.endStored() - window.firstStored()).isLessThanOrEqualTo(BUFFER_PAGES);
        }
        page = window.end();
      }
    }
  }
}
