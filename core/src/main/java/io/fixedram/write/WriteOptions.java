// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.layout.FixedLayout;

/**
 * How a save is written.
 *
 * @param direct whether pages go past the page cache
 * @param sync whether the file is on its device before it gets its name
 * @param alignmentBytes what pages of a block start at a multiple of, in a fixed-offset file: a
 *     power of two; anything below the target page size means the target page size
 */
public record WriteOptions(DirectMode direct, boolean sync, long alignmentBytes) {
  /** Checks the alignment. */
  public WriteOptions {
    if (Long.bitCount(alignmentBytes) != 1) {
      throw new IllegalArgumentException("an alignment of " + alignmentBytes + " bytes");
    }
  }

  /** Direct where possible, synced, aligned for huge pages. */
  public static WriteOptions defaults() {
    return new WriteOptions(DirectMode.AUTO, true, FixedLayout.DEFAULT_ALIGNMENT_BYTES);
  }
}
