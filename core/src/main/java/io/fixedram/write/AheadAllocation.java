// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Allocates disk space for pages that are about to be written, in large ranges, where a block turns
 * out to be dense. A direct write into a hole of ext4 holds a lock of the whole file while it
 * allocates, so that a second write in flight gains nothing; writes into allocated space run in
 * parallel. Allocated space that no page needs is freed at the end, or earlier if the disk is full;
 * then the zeros in small gaps are freed too.
 *
 * <p>Safe for use by several threads.
 */
final class AheadAllocation {
  /** Number of consecutive chunks without a zero or missing page that make a block dense. */
  private static final int DENSE_CHUNKS = 8;

  private static final long AHEAD_BYTES = 64 << 20;

  private final PageFile file;
  private final List<BlockPlace> places;

  /** For each block, the pages that the file holds; each bitmap is the lock of its own content. */
  private final List<PageBitmap> written;

  private final int pageSize;
  private final List<Progress> progress = new ArrayList<>();

  /** Chunks that are being written, whose pages must keep their space. */
  private final Set<Chunk.Key> inFlight = new HashSet<>();

  private boolean ended;
  private boolean diskFull;
  private boolean freed;

  /** Progress in one block. */
  private static final class Progress {
    private int denseChunks;

    /** Offset in the block up to which space was allocated. */
    private long allocatedUntil;

    private final List<AllocatedRange> ranges = new ArrayList<>();

    /** Chunks with zeros in small gaps. */
    private final BitSet filled = new BitSet();
  }

  /** An allocated piece of a block, by offsets in the block. */
  private record AllocatedRange(long from, long end) {}

  /**
   * All places in the file must read as zeros.
   *
   * @param reserved whether they are allocated; otherwise they must be holes
   */
  AheadAllocation(
      PageFile file,
      List<BlockPlace> places,
      List<PageBitmap> written,
      int pageSize,
      boolean reserved) {
    this.file = file;
    this.places = places;
    this.written = written;
    this.pageSize = pageSize;
    for (BlockPlace place : places) {
      Progress block = new Progress();
      if (reserved) {
        block.allocatedUntil = place.block().usedLength();
        block.ranges.add(new AllocatedRange(0, block.allocatedUntil));
      }
      progress.add(block);
    }
  }

  /**
   * Records that a chunk is about to be written, and allocates space after it if its block is
   * dense.
   *
   * @param full whether all pages of the chunk have content
   */
  synchronized void writing(Chunk.Key key, boolean full) {
    inFlight.add(key);
    Progress block = progress.get(key.block());
    block.denseChunks = full ? block.denseChunks + 1 : 0;
    long offset = key.index() * Chunk.BYTES;
    if (ended || block.denseChunks < DENSE_CHUNKS || offset + Chunk.BYTES <= block.allocatedUntil) {
      return;
    }
    BlockPlace place = places.get(key.block());
    long from = Math.max(offset, block.allocatedUntil);
    long end = Math.min(from + AHEAD_BYTES, place.block().usedLength());
    if (file.allocate(place.pagesOffset() + from, end - from)) {
      block.ranges.add(new AllocatedRange(from, end));
      block.allocatedUntil = end;
    }
  }

  /** Records that a chunk was written or failed. */
  synchronized void landed(Chunk.Key key) {
    inFlight.remove(key);
  }

  /**
   * Records that small gaps of a chunk are about to be written as zeros.
   *
   * @return false if they must not be, since the disk is full
   */
  synchronized boolean filling(Chunk.Key key) {
    if (!diskFull) {
      progress.get(key.block()).filled.set(Math.toIntExact(key.index()));
    }
    return !diskFull;
  }

  /**
   * Frees the space that was allocated ahead for pages that are neither in the file nor being
   * written. No more space is allocated afterwards.
   */
  synchronized void end() {
    ended = true;
    for (int i = 0; i < places.size(); i++) {
      List<AllocatedRange> ranges = progress.get(i).ranges;
      for (AllocatedRange range : ranges) {
        freed |= free(i, range);
      }
      ranges.clear();
    }
  }

  /**
   * As {@link #end}, for a full disk; also frees the zeros in small gaps.
   *
   * @return whether any space was freed, now or before: a thread whose write failed meanwhile may
   *     try again as well
   */
  synchronized boolean freeAll() {
    diskFull = true;
    end();
    for (int i = 0; i < places.size(); i++) {
      BitSet filled = progress.get(i).filled;
      long length = places.get(i).block().usedLength();
      for (int index = filled.nextSetBit(0); index >= 0; index = filled.nextSetBit(index + 1)) {
        if (!inFlight.contains(new Chunk.Key(i, index))) {
          long from = (long) index * Chunk.BYTES;
          freed |= free(i, new AllocatedRange(from, Math.min(length, from + Chunk.BYTES)));
          filled.clear(index);
        }
      }
    }
    return freed;
  }

  private boolean free(int block, AllocatedRange range) {
    Hole hole = new Hole(places.get(block).pagesOffset());
    for (long from = range.from(); from < range.end(); ) {
      long index = from / Chunk.BYTES;
      long end = Math.min(range.end(), (index + 1) * Chunk.BYTES);
      if (!inFlight.contains(new Chunk.Key(block, index))) {
        // Punching each small gap between pages would take longer than writing them did.
        boolean gaps = !diskFull && progress.get(block).filled.get(Math.toIntExact(index));
        addUnwritten(hole, written.get(block), from / pageSize, end / pageSize, gaps);
      }
      from = end;
    }
    hole.punch();
    return hole.any;
  }

  private void addUnwritten(Hole hole, PageBitmap pages, long first, long end, boolean keepGaps) {
    synchronized (pages) {
      for (long page = pages.nextClear(first, end); page < end; ) {
        long stored = pages.nextSet(page, end);
        boolean gap =
            page > first && stored < end && (stored - page) * pageSize <= SmallGaps.MAX_BYTES;
        if (!keepGaps || !gap) {
          hole.add(page, stored);
        }
        page = pages.nextClear(stored, end);
      }
    }
  }

  /** A run of pages without content, as long as possible, since each punch takes its time. */
  private final class Hole {
    private final long pagesOffset;
    private long first;
    private long end;
    private boolean any;

    Hole(long pagesOffset) {
      this.pagesOffset = pagesOffset;
    }

    void add(long from, long to) {
      if (from != end) {
        punch();
        first = from;
      }
      end = to;
    }

    void punch() {
      if (end > first) {
        any |= file.giveBack(pagesOffset + first * pageSize, (end - first) * pageSize);
      }
    }
  }
}
