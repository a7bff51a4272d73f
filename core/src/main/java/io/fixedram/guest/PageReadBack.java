// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.lang.foreign.MemorySegment;

/**
 * Reads the current content of pages back from a sink, for sources that send differences (XBZRLE).
 */
@FunctionalInterface
public interface PageReadBack {
  /**
   * Copies the current content of a page.
   *
   * @param into native memory of one page
   */
  void read(RamBlock block, long offset, MemorySegment into);
}
