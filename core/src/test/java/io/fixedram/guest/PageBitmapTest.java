// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.testing.Rounds;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Against the bit set of the JDK. */
class PageBitmapTest {
  private static final int PAGES_PER_PART = 32768;

  private static int pages(Random random) {
    return switch (random.nextInt(5)) {
      case 0 -> random.nextInt(3);
      case 1 -> PAGES_PER_PART * (1 + random.nextInt(3));
      case 2 -> PAGES_PER_PART + random.nextInt(130) - 65;
      case 3 -> 64 * random.nextInt(20);
      default -> 1 + random.nextInt(4 * PAGES_PER_PART);
    };
  }

  /** Places near the borders of words and parts come often. */
  private static int page(Random random, int pages) {
    int page =
        switch (random.nextInt(4)) {
          case 0 -> random.nextInt(5) * PAGES_PER_PART + random.nextInt(5) - 2;
          case 1 -> random.nextInt(pages) / 64 * 64 + random.nextInt(3) - 1;
          default -> random.nextInt(pages);
        };
    return Math.clamp(page, 0, pages - 1);
  }

  private static int run(Random random, int most) {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> Math.min(most, 1);
      case 2 -> Math.min(most, random.nextInt(200));
      default -> random.nextInt(most + 1);
    };
  }

  @Test
  void doesWhatABitSetDoes() {
    Rounds.run(
        150,
        random -> {
          int pages = pages(random);
          PageBitmap bitmap = new PageBitmap(pages);
          BitSet model = new BitSet();
          for (int i = 0; i < 40 && pages > 0; i++) {
            int page = page(random, pages);
            int count = run(random, pages - page);
            if (random.nextInt(3) > 0) {
              bitmap.set(page, count);
              model.set(page, page + count);
            } else {
              bitmap.clear(page, count);
              model.clear(page, page + count);
            }
            compareAt(random, bitmap, model, pages);
          }
          compare(bitmap, model, pages);
        });
  }

  private static void compareAt(Random random, PageBitmap bitmap, BitSet model, int pages) {
    for (int i = 0; i < 10; i++) {
      int page = page(random, pages);
      int count = run(random, pages - page);
      assertThat(bitmap.get(page)).isEqualTo(model.get(page));
      assertThat(bitmap.nextSet(page)).isEqualTo(nextSet(model, page, pages));
      assertThat(bitmap.nextClear(page)).isEqualTo(Math.min(pages, model.nextClearBit(page)));
      assertThat(bitmap.isAnySet(page, count))
          .isEqualTo(nextSet(model, page, page + count) < page + count);
      assertThat(bitmap.endOfSet(page, page + count))
          .isEqualTo(page + model.get(page, page + count).length());
    }
    assertThat(bitmap.nextSet(pages)).isEqualTo(pages);
    assertThat(bitmap.nextClear(pages)).isEqualTo(pages);
  }

  private static int nextSet(BitSet model, int page, int end) {
    int next = model.nextSetBit(page);
    return next < 0 || next > end ? end : next;
  }

  private static void compare(PageBitmap bitmap, BitSet model, int pages) {
    assertThat(bitmap.pages()).isEqualTo(pages);
    assertThat(bitmap.cardinality()).isEqualTo(model.cardinality());
    for (int page = 0; page < pages; page++) {
      if (bitmap.get(page) != model.get(page)) {
        throw new AssertionError("bit " + page);
      }
    }
  }

  /** A BitSet's bytes are those of a file: bit i%8 of byte i/8. */
  @Test
  void hasTheFormOfFiles() {
    Rounds.run(
        100,
        random -> {
          int pages = pages(random);
          BitSet model = new BitSet();
          for (int i = 0; i < random.nextInt(20) && pages > 0; i++) {
            int page = page(random, pages);
            model.set(page, page + run(random, pages - page));
          }
          byte[] file = Arrays.copyOf(model.toByteArray(), (int) PageBitmap.fileBytes(pages));
          PageBitmap loaded = new PageBitmap(pages);
          // In pieces of whole words, but the last.
          for (int at = 0; at < file.length; ) {
            int length = Math.min(8 * (1 + random.nextInt(2000)), file.length - at);
            loaded.load(at / 8, MemorySegment.ofArray(Arrays.copyOfRange(file, at, at + length)));
            at += length;
          }
          compare(loaded, model, pages);
          byte[] stored = new byte[file.length];
          for (int at = 0; at < file.length; ) {
            int length = Math.min(8 * (1 + random.nextInt(2000)), file.length - at);
            loaded.store(at / 8, MemorySegment.ofArray(stored).asSlice(at, length));
            at += length;
          }
          assertThat(stored).isEqualTo(file);
        });
  }

  @Test
  void bitsPastTheLastPageAreIgnored() {
    byte[] ones = new byte[24];
    Arrays.fill(ones, (byte) 0xff);
    for (int pages : new int[] {0, 1, 63, 64, 65, 127, 128, 129}) {
      PageBitmap bitmap = new PageBitmap(pages);
      bitmap.load(0, MemorySegment.ofArray(ones));
      assertThat(bitmap.cardinality()).as("%d pages", pages).isEqualTo(pages);
      assertThat(bitmap.nextClear(0)).isEqualTo(pages);
    }
  }

  /** Words of a 32-bit writer end anywhere. */
  @Test
  void bitmapsOfOddLengthAreLoaded() {
    PageBitmap bitmap = new PageBitmap(70);
    bitmap.load(
        0, MemorySegment.ofArray(new byte[] {1, 0, 0, 0, 0, 0, 0, (byte) 0x80, 2, 0x20, 0}));
    assertThat(bitmap.get(0)).isTrue();
    assertThat(bitmap.get(63)).isTrue();
    assertThat(bitmap.get(65)).isTrue();
    assertThat(bitmap.cardinality()).isEqualTo(3);
  }

  @Test
  void fileBytesAreWholeWords() {
    assertThat(PageBitmap.fileBytes(0)).isZero();
    assertThat(PageBitmap.fileBytes(1)).isEqualTo(8);
    assertThat(PageBitmap.fileBytes(64)).isEqualTo(8);
    assertThat(PageBitmap.fileBytes(65)).isEqualTo(16);
    assertThat(PageBitmap.fileBytes(1L << 34)).isEqualTo(1L << 31);
  }

  /** 64 TiB of pages: memory only for what has a bit. */
  @Test
  void hugeAndSparse() {
    long pages = 1L << 34;
    PageBitmap bitmap = new PageBitmap(pages);
    bitmap.set(pages - 2, 2);
    bitmap.set(1L << 33, 1);
    bitmap.clear(0, 1L << 33);
    assertThat(bitmap.nextSet(0)).isEqualTo(1L << 33);
    assertThat(bitmap.nextSet((1L << 33) + 1)).isEqualTo(pages - 2);
    assertThat(bitmap.nextClear(pages - 2)).isEqualTo(pages);
    assertThat(bitmap.cardinality()).isEqualTo(3);
  }
}
