// SPDX-License-Identifier: Apache-2.0
package io.fixedram.mapping;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.FilePlace;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.fixed.HiddenData;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.os.PrivateMapping;
import io.fixedram.store.MapObstacle;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveFile;
import java.util.Optional;

/**
 * Checks whether a block's region of a file can be mapped as the guest's memory. All content must
 * be in the file itself. The bitmap says which pages are zero, but a mapping shows the bytes of the
 * file, so the two must agree. They do in files that fixedram writes. QEMU 9 and 10 clear the bit
 * of a page that was data in an earlier pass of a live save and is zero in a later one, and leave
 * the data in the file.
 */
public final class MappableRegion {
  /** Alignment of mappings: the page size of x86 and of most arm64 hosts. */
  private static final long HOST_PAGE_BYTES = 4096;

  /**
   * Maximum bytes of zeros to read before giving up: a file that was copied without its holes is
   * all data, and mapping exists to avoid reading all of it.
   */
  private static final long MAX_ZERO_BYTES = 256 << 20;

  private final PageStore store;
  private final ByteStore bytes;
  private final BlockPlace place;

  private MappableRegion(PageStore store, ByteStore bytes, BlockPlace place) {
    this.store = store;
    this.bytes = bytes;
    this.place = place;
  }

  /**
   * Reason why a block's region can't be mapped; empty if it can.
   *
   * @throws StorageException if the file can't be read
   * @throws DamagedSaveException if a block with a {@link io.fixedram.fixed.HolesMark} has data in
   *     zero pages
   */
  public static Optional<MapObstacle> obstacle(PageStore store, RamBlock block) {
    Optional<BlockPlace> place = store.place(block);
    Optional<SaveFile> file = store.file();
    if (place.isEmpty() || file.isEmpty()) {
      return noPlace(store, block);
    }
    Optional<FilePlace> pages = file.get().bytes().filePlace(place.get().pagesOffset());
    return pages.isEmpty()
        ? noPlace(store, block)
        : new MappableRegion(store, file.get().bytes(), place.get()).obstacle(pages.get());
  }

  private static Optional<MapObstacle> noPlace(PageStore store, RamBlock block) {
    return Optional.of(new MapObstacle.NoPlace(store.name(), block.name()));
  }

  private Optional<MapObstacle> obstacle(FilePlace pages) {
    String block = place.block().name();
    if (pages.position() % HOST_PAGE_BYTES != 0) {
      return Optional.of(
          new MapObstacle.Misaligned(store.name(), block, pages.position(), HOST_PAGE_BYTES));
    }
    try {
      PrivateMapping.probe(pages.file().number(), pages.file().path(), pages.position());
    } catch (StorageException e) {
      return Optional.of(new MapObstacle.Refused(e));
    }
    PageMap map = store.pages(place.block());
    long elsewhere = map.elsewhere().map(PageBitmap::cardinality).orElse(0L);
    return elsewhere > 0
        ? Optional.of(new MapObstacle.Elsewhere(store.name(), block, elsewhere))
        : dataUnderClearBits(map);
  }

  private Optional<MapObstacle> dataUnderClearBits(PageMap map) {
    if (store.isExact(place.block())) {
      return Optional.empty();
    }
    HiddenData hidden = new HiddenData(bytes, place, map.stored(), map.pageSize(), MAX_ZERO_BYTES);
    return switch (hidden.find()) {
      case HiddenData.Outcome.Zeros _ -> Optional.empty();
      case HiddenData.Outcome.TooMany _ ->
          Optional.of(new MapObstacle.TooManyZeros(store.name(), MAX_ZERO_BYTES));
      case HiddenData.Outcome.Data _ ->
          Optional.of(new MapObstacle.StaleContent(store.name(), place.block().name()));
    };
  }
}
