// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.MemorySegment;

/**
 * A sink that passes on only pages whose fingerprint differs from the one in a table, and updates
 * the table. The fingerprint is that of the bytes passed on, so the memory must not change during
 * the call: it must be a private copy of the guest's pages.
 *
 * <p>Not thread-safe; several threads may each use their own sink with one table, if no two of them
 * handle the same page at a time.
 */
public final class ChangedPages implements PageSink {
  private final PageSink target;
  private final FingerprintTable table;
  private final int pageBytes;
  private final PagePrints prints;

  /** Action for the pages from {@link #start} on. */
  private Change run = Change.NONE;

  /** Bytes before the first page of the current action in the current run. */
  private long start;

  private long dataBytes;
  private long zeroBytes;

  /** Action for a page. */
  private enum Change {
    NONE,
    DATA,
    ZERO
  }

  /** Wraps a sink with a table. */
  public ChangedPages(PageSink target, FingerprintTable table) {
    this.target = target;
    this.table = table;
    this.pageBytes = table.pageBytes();
    this.prints = new PagePrints(pageBytes);
  }

  /** Bytes of pages passed on as content. */
  public long dataBytes() {
    return dataBytes;
  }

  /** Bytes of pages passed on as zero pages. */
  public long zeroBytes() {
    return zeroBytes;
  }

  /** {@inheritDoc} A page of zeros is passed on as a zero page. */
  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    run = Change.NONE;
    start = 0;
    prints.forEach(
        from,
        fromOffset,
        lengthBytes,
        (done, memory, at) -> {
          Change change = change(block, (offset + done) / pageBytes, memory, at);
          if (change != run) {
            handOn(run, block, offset, from, fromOffset, start, done);
            run = change;
            start = done;
          }
        });
    handOn(run, block, offset, from, fromOffset, start, lengthBytes);
  }

  private Change change(RamBlock block, long page, MemorySegment memory, long at) {
    if (!table.set(block, page, memory, at)) {
      return Change.NONE;
    }
    return table.isZero(block, page) ? Change.ZERO : Change.DATA;
  }

  private void handOn(
      Change change,
      RamBlock block,
      long offset,
      MemorySegment from,
      long fromOffset,
      long start,
      long end) {
    switch (change) {
      case NONE -> {
        // The target has these pages already.
      }
      case DATA -> {
        target.data(block, offset + start, from, fromOffset + start, end - start);
        dataBytes += end - start;
      }
      case ZERO -> {
        target.zero(block, offset + start, end - start);
        zeroBytes += end - start;
      }
    }
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    long end = (offset + lengthBytes) / pageBytes;
    for (long page = table.nextData(block, offset / pageBytes, end);
        page < end;
        page = table.nextData(block, page, end)) {
      long after = page + 1;
      while (after < end && !table.isZero(block, after)) {
        after++;
      }
      table.setZero(block, page, after - page);
      target.zero(block, page * pageBytes, (after - page) * pageBytes);
      zeroBytes += (after - page) * pageBytes;
      page = after;
    }
  }
}
