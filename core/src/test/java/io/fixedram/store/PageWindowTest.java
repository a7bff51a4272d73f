// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
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
      BitSet held = new BitSet();
      int density = 1 + random.nextInt(20);
      for (int page = 0; page < pages; page++) {
        if (random.nextInt(density) == 0) {
          bitmap.set(page, 1);
          held.set(page);
        }
      }
      long first = random.nextInt(pages);
      long end = first + 1 + random.nextInt((int) (pages - first));
      BlockPlace place =
          new BlockPlace(new RamBlock(0, "pc.ram", (long) pages * PAGE_SIZE), 0, 0, 0);
      for (long page = first; page < end; ) {
        PageWindow window =
            PageWindow.of(place, bitmap, PAGE_SIZE, page, end, (long) BUFFER_PAGES * PAGE_SIZE);
        assertThat(window.first()).as("seed %d", seed).isEqualTo(page);
        assertThat(window.end()).as("seed %d", seed).isGreaterThan(page).isLessThanOrEqualTo(end);
        BitSet within = held.get((int) page, (int) window.end());
        assertThat(window.isHeld()).as("seed %d", seed).isEqualTo(!within.isEmpty());
        if (window.isHeld()) {
          assertThat(window.firstHeld() - page).isEqualTo(within.nextSetBit(0));
          assertThat(window.endHeld() - page).as("seed %d", seed).isEqualTo(within.length());
          assertThat(window.heldBytes()).isLessThanOrEqualTo((long) BUFFER_PAGES * PAGE_SIZE);
        }
        page = window.end();
      }
    }
  }
}
