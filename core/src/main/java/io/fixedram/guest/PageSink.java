// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import io.fixedram.error.UnsupportedSaveException;
import java.lang.foreign.MemorySegment;

/**
 * Where pages go: a fixed-offset file, a sequential stream, or memory. Called by one thread at a
 * time, in the order that {@link PageSource#sendTo} states. Offsets and lengths are in bytes of the
 * block and multiples of the target page size.
 */
public interface PageSink extends AutoCloseable {
  /** Starts a save. */
  void begin(SaveHeader header);

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

  /**
   * Gives back the content that a page has now, for sources that send differences (XBZRLE).
   *
   * @param into native memory of one page
   * @throws UnsupportedSaveException if this sink does not keep pages
   */
  default void current(RamBlock block, long offset, MemorySegment into) {
    throw new UnsupportedSaveException(
        "the stream holds xbzrle differences, which only a fixed-offset file can take: choose"
            + " mapped-ram or fixed-ram as the format");
  }

  /** Returns when what came so far is on its way as far as it can be without an end. */
  default void drain() {}

  /** Ends the save: all pages are final. */
  void end(DeviceState state);

  /** Releases what the sink holds, whether the save ended or not. */
  @Override
  void close();
}
