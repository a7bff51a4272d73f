// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.FilePlace;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.store.MapObstacle.Reason;
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
   * @throws DamagedSaveException if a block with a {@link io.fixedram.layout.HolesMark} has data in
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
    return found(
        Reason.NO_PLACE,
        "the pages of RAM block " + block + " have no place of their own in " + store.name());
  }

  private static Optional<MapObstacle> found(Reason reason, String sentence) {
    return Optional.of(new MapObstacle(reason, sentence));
  }

  private Optional<MapObstacle> obstacle(FilePlace pages) {
    if (pages.position() % HOST_PAGE_BYTES != 0) {
      return found(
          Reason.MISALIGNED,
          "the pages of RAM block "
              + place.block()
              + " begin at offset "
              + pages.position()
              + " of "
              + store.name()
              + ", and a mapping only at a multiple of "
              + HOST_PAGE_BYTES);
    }
    try {
      pages.file().probeMapping(pages.position());
    } catch (StorageException e) {
      return found(Reason.REFUSED, e.sentence());
    }
    PageMap map = store.pages(place.block());
    long elsewhere = map.elsewhere().map(PageBitmap::cardinality).orElse(0L);
    return elsewhere > 0 ? contentElsewhere(elsewhere) : dataUnderClearBits(map);
  }

  private Optional<MapObstacle> contentElsewhere(long pages) {
    return found(
        Reason.ELSEWHERE,
        store.name()
            + " has the content of "
            + pages
            + " pages of RAM block "
            + place.block()
            + " in another save that it builds upon");
  }

  private Optional<MapObstacle> dataUnderClearBits(PageMap map) {
    if (store.isExact(place.block())) {
      return Optional.empty();
    }
    HiddenData hidden = new HiddenData(bytes, place, map, MAX_ZERO_BYTES);
    return switch (hidden.find()) {
      case HiddenData.Outcome.Zeros _ -> Optional.empty();
      case HiddenData.Outcome.TooMany _ ->
          found(
              Reason.TOO_MANY_ZEROS,
              store.name()
                  + " has more than "
                  + (MAX_ZERO_BYTES >> 20)
                  + " MiB of zeros where holes should be");
      case HiddenData.Outcome.Data _ ->
          found(
              Reason.STALE_CONTENT,
              store.name()
                  + " has old content in RAM block "
                  + place.block()
                  + " where the guest has zeros, as QEMU leaves it in a live save");
    };
  }
}
