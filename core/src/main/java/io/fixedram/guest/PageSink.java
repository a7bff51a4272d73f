// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.lang.foreign.MemorySegment;

/**
 * Takes pages: of a fixed-offset file, a sequential stream, or memory. Called by one thread at a
 * time. Offsets and lengths are in bytes of the block and multiples of the target page size. The
 * same page may come any number of times; the last one wins.
 */
public interface PageSink {
  /**
   * Takes the content of a run of pages. The memory is the caller's again when the call returns. It
   * may change meanwhile if it is that of a running guest, whose pages come again then: who looks
   * at content twice copies it first.
   *
   * @param block one of the header's blocks
   * @param offset where the run starts in the block
   * @param from memory that holds the run
   * @param fromOffset where the run starts in that memory
   * @param lengthBytes length of the run
   */
  void data(RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes);

  /** Makes a run of pages zero, whatever they were. */
  void zero(RamBlock block, long offset, long lengthBytes);
}
