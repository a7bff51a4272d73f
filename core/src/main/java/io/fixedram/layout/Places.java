// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.stream.StreamInput;

/** Tells places that a file can have from those that damaged bytes give. */
final class Places {
  private Places() {}

  /**
   * Returns a place that stands after its fields, does not overlap itself, and has room for its
   * bitmap.
   *
   * @param at where the fields begin, for the error
   * @throws DamagedSaveException if it does not
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
