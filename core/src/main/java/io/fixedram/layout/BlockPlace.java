// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import io.fixedram.guest.RamBlock;

/**
 * File offsets of one RAM block's bitmap and pages.
 *
 * @param block the block
 * @param bitmapOffset file offset of the block's bitmap
 * @param bitmapBytes space reserved for the bitmap
 * @param pagesOffset file offset of the block's first page; page i follows at i times the target
 *     page size
 */
public record BlockPlace(RamBlock block, long bitmapOffset, long bitmapBytes, long pagesOffset) {
  /** File offset after the block's last page, where the next block's entry begins. */
  public long end() {
    return pagesOffset + block.usedLength();
  }
}
