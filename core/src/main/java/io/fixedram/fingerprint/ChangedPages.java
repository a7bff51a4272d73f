// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Hands on to another sink only pages that are not what a table of fingerprints says, and has the
 * table say it from then on. What is fingerprinted are the very bytes that are handed on, so that
 * they must be nobody else's meanwhile: a copy of the guest's page, whatever the guest does to it.
 *
 * <p>One thread at a time; several threads may each have their own over one table, if no two of
 * them take the same page at a time.
 */
public final class ChangedPages implements PageSink {
  private final PageSink target;
  private final FingerprintTable table;
  private final int pageBytes;
  private final MemorySegment print = Arena.ofAuto().allocate(PageFingerprint.BYTES, Long.BYTES);
  private long dataBytes;
  private long zeroBytes;

  /** What is to be done with a page. */
  private enum Change {
    NONE,
    DATA,
    ZERO
  }

  /** Puts a table before a sink. */
  public ChangedPages(PageSink target, FingerprintTable table) {
    this.target = target;
    this.table = table;
    this.pageBytes = table.pageBytes();
  }

  /** Bytes of pages handed on as content. */
  public long dataBytes() {
    return dataBytes;
  }

  /** Bytes of pages handed on as zero. */
  public long zeroBytes() {
    return zeroBytes;
  }

  /** {@inheritDoc} A page that turns out to hold zeros only goes on as a zero page. */
  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    Change run = Change.NONE;
    long start = 0;
    for (long done = 0; done < lengthBytes; done += pageBytes) {
      Change change = change(block, offset + done, from, fromOffset + done);
      if (change != run) {
        handOn(run, block, offset, from, fromOffset, start, done);
        run = change;
        start = done;
      }
    }
    handOn(run, block, offset, from, fromOffset, start, lengthBytes);
  }

  private Change change(RamBlock block, long offset, MemorySegment from, long fromOffset) {
    long page = offset / pageBytes;
    PageFingerprint.write(from, fromOffset, pageBytes, print, 0);
    if (!table.set(block, page, print)) {
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
        // It is there.
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
