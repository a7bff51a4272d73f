// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.PageBitmap;
import io.fixedram.layout.BlockPlace;
import io.fixedram.os.PrivateMapping;
import java.util.Optional;

/**
 * Tells whether a block's region of a file can be the guest's memory as it stands. A bitmap says
 * which pages are zero, a mapping shows what is there: the two must say the same. They do in the
 * files that fixedram writes; QEMU 9 and 10 clear the bit of a page that was data in an earlier
 * pass of a live save and is zero in a later one, and leave the data in the file.
 */
public final class MappableRegion {
  /** What a mapping starts at must be a multiple of it: the page size of x86 and most arm64. */
  private static final long HOST_PAGE_BYTES = 4096;

  /**
   * Zeros that are read before giving up: a file that was copied without its holes is all data, and
   * reading all of it is what mapping is to avoid.
   */
  private static final long MOST_ZERO_BYTES = 256 << 20;

  private final FixedSave save;
  private final BlockPlace place;

  private MappableRegion(FixedSave save, BlockPlace place) {
    this.save = save;
    this.place = place;
  }

  /**
   * Why a block's region can't be mapped, a sentence; empty if it can.
   *
   * @throws StorageException if the file can't be read
   * @throws DamagedSaveException if it has data where a file of fixedram's has none
   */
  public static Optional<String> obstacle(FixedSave save, BlockPlace place) {
    return new MappableRegion(save, place).obstacle();
  }

  private Optional<String> obstacle() {
    if (place.pagesOffset() % HOST_PAGE_BYTES != 0) {
      return Optional.of(
          "the pages of RAM block "
              + place.block()
              + " begin at offset "
              + place.pagesOffset()
              + " of "
              + save.path()
              + ", and a mapping only at a multiple of "
              + HOST_PAGE_BYTES
              + ": 'fixedram convert' makes a file where they do");
    }
    try {
      PrivateMapping.probe(save.descriptor(), place.pagesOffset());
    } catch (StorageException e) {
      return Optional.of(e.sentence() + "; copy it to another file system");
    }
    return dataUnderClearBits();
  }

  private Optional<String> dataUnderClearBits() {
    PageBitmap bitmap = save.bitmap(place);
    if (save.hasHolesMark(place)) {
      // Looked at with the bitmap.
      return Optional.empty();
    }
    int pageSize = save.header().blocks().targetPageSize();
    HiddenData hidden = new HiddenData(save.descriptor(), place, bitmap, pageSize, MOST_ZERO_BYTES);
    return switch (hidden.find()) {
      case HiddenData.Outcome.Zeros _ -> Optional.empty();
      case HiddenData.Outcome.TooMany _ ->
          Optional.of(
              save.path()
                  + " has more than "
                  + (MOST_ZERO_BYTES >> 20)
                  + " MiB of zeros where holes should be: copy it with 'cp --sparse=always'");
      case HiddenData.Outcome.Data _ ->
          Optional.of(
              save.path()
                  + " has old content in RAM block "
                  + place.block()
                  + " where the guest has zeros, as QEMU leaves it in a live save: 'fixedram"
                  + " convert' makes a file without it");
    };
  }
}
