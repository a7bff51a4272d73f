// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;

/**
 * A dirty log for memory written by Java code: one bit for each page, set and cleared by atomic
 * operations on 64-bit words. The log is lock-free: a thread that dies can't block others.
 *
 * <p>The word of a page that is marked already is only read, so that many threads can write the
 * same pages without contending for the word's cache line. This read must not be reordered before
 * the write to the page: otherwise the writer could see a mark that the collector is about to
 * clear, while the collector reads the old content of the page. Full fences prevent this: between
 * the write to the page and the read of the word in {@link #mark}, and between clearing the word
 * and reading the page in {@link #collect}.
 */
public final class AtomicDirtyLog implements DirtyLog {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[][] words;
  private final long[] pages;

  /** Creates a log without marks. */
  public AtomicDirtyLog(RamBlocks blocks) {
    List<RamBlock> list = blocks.list();
    words = new long[list.size()][];
    pages = new long[list.size()];
    for (int i = 0; i < pages.length; i++) {
      pages[i] = blocks.pages(list.get(i));
      words[i] = new long[Math.toIntExact((pages[i] + Long.SIZE - 1) / Long.SIZE)];
    }
  }

  @Override
  public void mark(int block, long page, long count) {
    Objects.checkFromIndexSize(page, count, pages[block]);
    long[] blockWords = words[block];
    long end = page + count;
    VarHandle.fullFence();
    for (long at = page; at < end; ) {
      long next = Math.min(end, (at | 63) + 1);
      long mask = -1L >>> (Long.SIZE - (next - at)) << at;
      int index = (int) (at / Long.SIZE);
      if (((long) WORD.getOpaque(blockWords, index) & mask) != mask) {
        var _ = (long) WORD.getAndBitwiseOr(blockWords, index, mask);
      }
      at = next;
    }
  }

  @Override
  public long collect(int block, PageBitmap into) {
    long[] blockWords = words[block];
    long moved = 0;
    for (int i = 0; i < blockWords.length; i++) {
      if ((long) WORD.getOpaque(blockWords, i) != 0) {
        long word = (long) WORD.getAndSet(blockWords, i, 0L);
        moved += Long.bitCount(word);
        setRuns((long) i * Long.SIZE, word, into);
      }
    }
    VarHandle.fullFence();
    return moved;
  }

  private static void setRuns(long firstPage, long word, PageBitmap into) {
    long left = word;
    while (left != 0) {
      int from = Long.numberOfTrailingZeros(left);
      int count = Long.numberOfTrailingZeros(~(left >>> from));
      into.set(firstPage + from, count);
      left = from + count == Long.SIZE ? 0 : left & -1L << (from + count);
    }
  }
}
