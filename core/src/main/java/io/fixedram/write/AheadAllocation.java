// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import java.util.ArrayList;
import java.util.List;

/**
 * Allocates file space for the next pages of a dense block in large pieces. A direct write into a
 * hole of ext4 holds a lock of the whole file while it allocates, so that a second concurrent write
 * gains nothing; writes into allocated space run in parallel. Allocated space that was not written
 * is freed at the end.
 *
 * <p>Safe for use by several threads, except {@link #trim}.
 */
final class AheadAllocation {
  /** Number of consecutive chunks with content in all pages after which a block counts as dense. */
  private static final int DENSE_CHUNKS = 8;

  private static final long AHEAD_BYTES = 64 << 20;

  private final PageFile file;
  private final List<BlockPlace> places;
  private final List<Progress> progress = new ArrayList<>();

  /** Progress of one block. */
  private static final class Progress {
    private int denseChunks;

    /** Offset in the block up to which space is allocated. */
    private long allocatedUntil;

    private final List<Piece> pieces = new ArrayList<>();
  }

  /** An allocated piece of a block, by offsets in the block. */
  private record Piece(long from, long end) {}

  /** Prepares for a file whose places are all holes. */
  AheadAllocation(PageFile file, List<BlockPlace> places) {
    this.file = file;
    this.places = places;
    places.forEach(_ -> progress.add(new Progress()));
  }

  /**
   * Called before a chunk is written.
   *
   * @param full whether all of its pages have content
   */
  void writing(Chunk.Key key, boolean full) {
    Progress block = progress.get(key.block());
    synchronized (block) {
      block.denseChunks = full ? block.denseChunks + 1 : 0;
      long offset = key.index() * Chunk.BYTES;
      long from = Math.max(offset, block.allocatedUntil);
      long end = Math.min(from + AHEAD_BYTES, places.get(key.block()).block().usedLength());
      boolean reached = offset + Chunk.BYTES > block.allocatedUntil;
      if (block.denseChunks >= DENSE_CHUNKS
          && reached
          && file.allocate(places.get(key.block()).pagesOffset() + from, end - from)) {
        block.pieces.add(new Piece(from, end));
        block.allocatedUntil = end;
      }
    }
  }

  /**
   * Frees the space of pages that the file does not hold.
   *
   * @param written for each block, the pages that the file holds
   */
  void trim(List<PageBitmap> written, int pageSize) {
    for (int i = 0; i < places.size(); i++) {
      PageBitmap pages = written.get(i);
      long start = places.get(i).pagesOffset();
      for (Piece piece : progress.get(i).pieces) {
        long end = piece.end() / pageSize;
        for (long page = pages.nextClear(piece.from() / pageSize, end); page < end; ) {
          long stored = pages.nextSet(page, end);
          file.punch(start + page * pageSize, (stored - page) * pageSize);
          page = pages.nextClear(stored, end);
        }
      }
      progress.get(i).pieces.clear();
    }
  }
}
