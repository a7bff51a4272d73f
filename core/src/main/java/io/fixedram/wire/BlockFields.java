// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.guest.RamBlock;

/** Reader of the fields that a layout adds to each entry of the MEM_SIZE list. */
public interface BlockFields {
  /**
   * Whether the bytes that begin {@code ahead} bytes after the input's position can be the layout's
   * fields, or whatever else follows the entry. This decides whether the entry has the optional
   * page size, which nothing in the stream announces.
   *
   * @param last whether the entry is the list's last
   */
  boolean follow(StreamInput in, int ahead, long usedLength, boolean last);

  /** Consumes the layout's fields of a block, and the block's pages if they follow the fields. */
  void read(StreamInput in, RamBlock block);
}
