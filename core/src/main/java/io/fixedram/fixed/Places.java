// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fixed;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.layout.BlockPlace;
import io.fixedram.wire.StreamInput;

/** Checks that places read from a file are possible. */
final class Places {
  private Places() {}

  /**
   * Returns a place if its bitmap and pages follow its fields, do not overlap, and the bitmap is
   * large enough.
   *
   * @param at offset of the fields, for the error
   * @throws DamagedSaveException if the place is not possible
   */
  static BlockPlace checked(StreamInput in, long at, BlockPlace place, int targetPageSize) {
    long pages = place.block().usedLength() / targetPageSize;
    boolean possible =
        place.bitmapOffset() >= in.position()
            && place.bitmapBytes() >= (pages + 7) / 8
            && place.pagesOffset() >= place.bitmapOffset()
            && place.pagesOffset() - place.bitmapOffset() >= place.bitmapBytes()
            && place.end() >= place.pagesOffset()
            && place.pagesOffset() % targetPageSize == 0;
    if (!possible) {
      throw in.damaged(
          at,
          "RAM block "
              + place.block()
              + " cannot have its bitmap at "
              + Long.toUnsignedString(place.bitmapOffset())
              + " and its pages at "
              + Long.toUnsignedString(place.pagesOffset()));
    }
    return place;
  }
}
