// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.fixed.FixedLayout;

/**
 * Options for writing a save.
 *
 * @param direct use of direct writes, which bypass the page cache
 * @param sync whether the file is synced to its device before it gets its name
 * @param alignmentBytes alignment of the first page of each block in a fixed-offset file: a power
 *     of two; a value below the target page size means the target page size
 */
public record WriteOptions(DirectMode direct, boolean sync, long alignmentBytes) {
  /** Checks the alignment. */
  public WriteOptions {
    if (Long.bitCount(alignmentBytes) != 1) {
      throw new IllegalArgumentException("an alignment of " + alignmentBytes + " bytes");
    }
  }

  /** Default options: direct writes where possible, synced, aligned for huge pages. */
  public static WriteOptions defaults() {
    return new WriteOptions(DirectMode.AUTO, true, FixedLayout.DEFAULT_ALIGNMENT_BYTES);
  }
}
