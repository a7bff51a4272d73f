// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Description of one RAM block in a save.
 *
 * @param name QEMU's idstr
 * @param usedLength bytes in use
 * @param pageSize bytes of a target page
 * @param pagesOffset file offset of the first page; none in a stream
 * @param bitmapOffset file offset of the bitmap; none in a stream
 * @param pages number of target pages
 * @param present number of pages whose content the save itself holds, not another save that it
 *     builds upon; in a stream, number of pages that are not zero at its end
 */
public record BlockInfo(
    String name,
    long usedLength,
    long pageSize,
    OptionalLong pagesOffset,
    OptionalLong bitmapOffset,
    long pages,
    long present) {

  /** Describes a block of a store. */
  static BlockInfo of(PageStore store, RamBlock block) {
    Optional<BlockPlace> place = store.place(block);
    PageMap pages = store.listedPages(block);
    return new BlockInfo(
        block.name(),
        block.usedLength(),
        store.header().blocks().targetPageSize(),
        place.map(each -> OptionalLong.of(each.pagesOffset())).orElse(OptionalLong.empty()),
        place.map(each -> OptionalLong.of(each.bitmapOffset())).orElse(OptionalLong.empty()),
        pages.pages(),
        pages.herePages());
  }
}
