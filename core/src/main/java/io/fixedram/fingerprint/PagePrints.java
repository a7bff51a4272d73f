// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Computes the fingerprints of the pages of a run, a piece at a time. Not thread-safe. */
final class PagePrints {
  /** Number of pages of a piece: 1 MiB with pages of 4 KiB. */
  private static final int PIECE_PAGES = 256;

  private final int pageBytes;
  private final MemorySegment prints =
      Arena.ofAuto().allocate((long) PIECE_PAGES * PageFingerprint.BYTES, Long.BYTES);

  PagePrints(int pageBytes) {
    this.pageBytes = pageBytes;
  }

  /** Takes the fingerprint of a page. */
  interface Taker {
    /**
     * Takes a fingerprint.
     *
     * @param done bytes of the run before the page
     * @param prints memory with the fingerprint, valid during the call only
     * @param at offset of the fingerprint in that memory
     */
    void take(long done, MemorySegment prints, long at);
  }

  /** Passes on the fingerprint of each page of a run, in order. */
  void forEach(MemorySegment from, long fromOffset, long lengthBytes, Taker taker) {
    long pages = lengthBytes / pageBytes;
    for (long first = 0; first < pages; first += PIECE_PAGES) {
      long count = Math.min(PIECE_PAGES, pages - first);
      PageFingerprint.write(from, fromOffset + first * pageBytes, pageBytes, count, prints);
      for (long page = 0; page < count; page++) {
        taker.take((first + page) * pageBytes, prints, page * PageFingerprint.BYTES);
      }
    }
  }
}
