// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * One bit for each target page of a block. Takes memory only for parts of the block that have a bit
 * set, 4 KiB for every 32768 pages. One thread at a time.
 */
public final class PageBitmap {
  private static final int WORDS_PER_PART = 512;
  private static final int PAGES_PER_PART = WORDS_PER_PART * Long.SIZE;
  private static final ValueLayout.OfLong LITTLE_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long[] NO_WORDS = {};

  private final long pages;
  private final long[][] parts;

  /** A bitmap with no bit set. */
  public PageBitmap(long pages) {
    this.pages = pages;
    this.parts = new long[Math.toIntExact((pages + PAGES_PER_PART - 1) / PAGES_PER_PART)][];
    Arrays.fill(parts, NO_WORDS);
  }

  /** Number of pages, with or without a bit set. */
  public long pages() {
    return pages;
  }

  /** Whether a page's bit is set. */
  public boolean get(long page) {
    return (word(wordOf(page)) >>> page & 1) != 0;
  }

  /** Sets the bits of a run of pages. */
  public void set(long page, long count) {
    forEachWord(page, count, true);
  }

  /** Clears the bits of a run of pages. */
  public void clear(long page, long count) {
    forEachWord(page, count, false);
  }

  private void forEachWord(long from, long count, boolean value) {
    long end = from + count;
    for (long page = from; page < end; ) {
      long next = Math.min(end, (page | 63) + 1);
      long mask = -1L >>> (64 - (next - page)) << page;
      long[] part = value ? part(wordOf(page)) : parts[(int) (page / PAGES_PER_PART)];
      if (part.length != 0) {
        int at = (int) (wordOf(page) % WORDS_PER_PART);
        part[at] = value ? part[at] | mask : part[at] & ~mask;
      } else {
        next = Math.min(end, (page / PAGES_PER_PART + 1) * PAGES_PER_PART);
      }
      page = next;
    }
  }

  /** The first page at or after one whose bit is set; {@link #pages()} if there is none. */
  public long nextSet(long page) {
    return next(page, pages, 0);
  }

  /** The first page of a run whose bit is set; {@code end} if there is none. */
  public long nextSet(long page, long end) {
    return next(page, end, 0);
  }

  /** The first page at or after one whose bit is clear; {@link #pages()} if there is none. */
  public long nextClear(long page) {
    return next(page, pages, -1);
  }

  /** The first page of a run whose bit is clear; {@code end} if there is none. */
  public long nextClear(long page, long end) {
    return next(page, end, -1);
  }

  /** The page after the last of a run whose bit is set; {@code page} if there is none. */
  public long endOfSet(long page, long end) {
    long last = page;
    for (long run = nextSet(page, end); run < end; run = nextSet(last, end)) {
      last = nextClear(run, end);
    }
    return last;
  }

  /** Whether any page of a run has its bit set. */
  public boolean isAnySet(long page, long count) {
    return next(page, page + count, 0) < page + count;
  }

  private long next(long from, long end, long invert) {
    long page = from;
    while (page < end) {
      long[] part = parts[(int) (page / PAGES_PER_PART)];
      if (part.length == 0 && invert == 0) {
        page = (page / PAGES_PER_PART + 1) * PAGES_PER_PART;
        continue;
      }
      long word = (word(wordOf(page)) ^ invert) >>> page;
      if (word != 0) {
        return Math.min(end, page + Long.numberOfTrailingZeros(word));
      }
      page = (page | 63) + 1;
    }
    return end;
  }

  /** Receives runs of pages. */
  public interface RunConsumer {
    /** Called with the first page of a run and the number of its pages, at least 1. */
    void accept(long page, long count);
  }

  /**
   * Calls a consumer with each run of pages whose bits are set, in order. The bits must not change
   * meanwhile.
   */
  public void forEachRun(RunConsumer consumer) {
    forEachRun(0, pages, consumer);
  }

  /**
   * Calls a consumer with each run of set bits from page {@code from} to {@code end}, exclusive.
   */
  public void forEachRun(long from, long end, RunConsumer consumer) {
    for (long page = nextSet(from, end); page < end; ) {
      long endOfRun = nextClear(page, end);
      consumer.accept(page, endOfRun - page);
      page = nextSet(endOfRun, end);
    }
  }

  /** Number of bits set. */
  public long cardinality() {
    long count = 0;
    for (long[] part : parts) {
      for (long word : part) {
        count += Long.bitCount(word);
      }
    }
    return count;
  }

  /** Number of bits set from one page on and before another. */
  public long cardinality(long from, long end) {
    long[] pages = {0};
    forEachRun(from, end, (_, count) -> pages[0] += count);
    return pages[0];
  }

  /** Bytes of the bitmap in a file: whole 64-bit words. */
  public static long fileBytes(long pages) {
    return (pages + 63) / 64 * Long.BYTES;
  }

  /**
   * Writes bits in the form used in files: bit i%64 of the i/64-th little-endian word.
   *
   * @param firstWord first 64-bit word to copy
   * @param into memory to write to; as many words as fit are copied
   */
  public void store(long firstWord, MemorySegment into) {
    for (long i = 0; i < into.byteSize() / Long.BYTES; i++) {
      into.set(LITTLE_ENDIAN, i * Long.BYTES, word(firstWord + i));
    }
  }

  /**
   * Reads bits from the form used in files; bits past the last page are ignored.
   *
   * @param firstWord index of the 64-bit word that the memory starts with
   * @param from the file's bytes, any number of them
   */
  public void load(long firstWord, MemorySegment from) {
    if (firstWord * Long.SIZE >= pages) {
      return;
    }
    long wholeWords =
        Math.min(from.byteSize() / Long.BYTES, fileBytes(pages) / Long.BYTES - firstWord);
    for (long done = 0; done < wholeWords; ) {
      int inPart = (int) ((firstWord + done) % WORDS_PER_PART);
      int count = (int) Math.min(wholeWords - done, WORDS_PER_PART - inPart);
      if (!ZeroPages.isZero(from, done * Long.BYTES, (long) count * Long.BYTES)) {
        MemorySegment.copy(
            from, LITTLE_ENDIAN, done * Long.BYTES, part(firstWord + done), inPart, count);
      }
      done += count;
    }
    long last = firstWord + wholeWords;
    if (from.byteSize() % Long.BYTES != 0 && last * Long.SIZE < pages) {
      long word = littleEndianWord(from, wholeWords * Long.BYTES);
      if (word != 0) {
        part(last)[(int) (last % WORDS_PER_PART)] = word;
      }
    }
    long beyond = fileBytes(pages) * Byte.SIZE - pages;
    if (beyond > 0) {
      int part = (int) ((pages - 1) / PAGES_PER_PART);
      if (parts[part].length != 0) {
        parts[part][(int) (wordOf(pages - 1) % WORDS_PER_PART)] &= -1L >>> beyond;
      }
    }
  }

  /** The part that holds a word, allocated if absent. */
  private long[] part(long word) {
    int index = (int) (word / WORDS_PER_PART);
    if (parts[index].length == 0) {
      parts[index] = new long[WORDS_PER_PART];
    }
    return parts[index];
  }

  private static long littleEndianWord(MemorySegment from, long at) {
    if (at + Long.BYTES <= from.byteSize()) {
      return from.get(LITTLE_ENDIAN, at);
    }
    long word = 0;
    for (long i = from.byteSize() - 1; i >= at; i--) {
      word = word << 8 | Byte.toUnsignedLong(from.get(ValueLayout.JAVA_BYTE, i));
    }
    return word;
  }

  private static long wordOf(long page) {
    return page / Long.SIZE;
  }

  private long word(long index) {
    int part = (int) (index / WORDS_PER_PART);
    return part >= parts.length || parts[part].length == 0
        ? 0
        : parts[part][(int) (index % WORDS_PER_PART)];
  }
}
