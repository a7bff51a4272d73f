// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import io.fixedram.guest.RamBlock;

/**
 * Where one RAM block stands in a file.
 *
 * @param block the block
 * @param bitmapOffset file offset of its bitmap
 * @param bitmapBytes room for the bitmap
 * @param pagesOffset file offset of its first page; page i stands i target page sizes further
 */
public record BlockPlace(RamBlock block, long bitmapOffset, long bitmapBytes, long pagesOffset) {
  /** File offset after its last page, where the next block's entry begins. */
  public long end() {
    return pagesOffset + block.usedLength();
  }
}
