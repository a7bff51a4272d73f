// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.lang.foreign.MemorySegment;

/**
 * A destination of pages: a fixed-offset file, a sequential stream, or memory. Called by one thread
 * at a time. Offsets and lengths are in bytes of the block and multiples of the target page size.
 * The same page may come any number of times; the last one wins.
 */
public interface PageSink {
  /**
   * Takes the content of a run of pages. The caller may reuse the memory when the call returns.
   * Memory of a running guest may change during the call, in which case its pages are sent again;
   * an implementation that reads content twice must copy it first.
   *
   * @param block one of the header's blocks
   * @param offset offset of the run in the block
   * @param from memory that holds the run
   * @param fromOffset offset of the run in that memory
   * @param lengthBytes length of the run
   */
  void data(RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes);

  /** Makes a run of pages zero, whatever their content was. */
  void zero(RamBlock block, long offset, long lengthBytes);
}
