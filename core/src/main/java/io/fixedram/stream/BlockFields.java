// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.guest.RamBlock;

/** What a layout adds to an entry of the MEM_SIZE list, read. */
public interface BlockFields {
  /**
   * Whether the layout's fields, or what else comes after the entry, can stand so many bytes ahead.
   * Tells whether the entry has the optional page size, which nothing in the stream announces.
   *
   * @param last whether the entry is the list's last
   */
  boolean follow(StreamInput in, int ahead, long usedLength, boolean last);

  /** Consumes the layout's fields of a block, and the block's pages if they stand there. */
  void read(StreamInput in, RamBlock block);
}
