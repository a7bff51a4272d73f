// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.lang.foreign.MemorySegment;

/** Gives back what pages are now, for sources that send differences (XBZRLE). */
@FunctionalInterface
public interface PageReadBack {
  /**
   * Copies the content that a page has now.
   *
   * @param into native memory of one page
   */
  void read(RamBlock block, long offset, MemorySegment into);
}
