// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Where the bytes of a buffer are from. Not thread-safe. */
final class Places {
  private final List<Place> places = new ArrayList<>();

  /**
   * The first of the bytes from one read.
   *
   * @param at offset in the buffer
   * @param inSpan offset of the byte in its span
   */
  private record Place(long at, Span span, long inSpan) {}

  void clear() {
    places.clear();
  }

  /** Adds bytes behind all others. */
  void add(long at, Span span, long inSpan) {
    places.add(new Place(at, span, inSpan));
  }

  /** Removes bytes at the beginning, so that the others move there. */
  void drop(long bytes) {
    places.replaceAll(each -> new Place(each.at() - bytes, each.span(), each.inSpan()));
    while (places.size() > 1 && places.get(1).at() <= 0) {
      places.removeFirst();
    }
  }

  Hit hit(long start, int length, MemorySegment context, int before) {
    Place place =
        places.reversed().stream().filter(each -> each.at() <= start).findFirst().orElseThrow();
    long inSpan = place.inSpan() + start - place.at();
    OptionalLong address = place.span().address();
    return new Hit(
        place.span().block(),
        place.span().offset() + inSpan,
        address.isPresent() ? OptionalLong.of(address.getAsLong() + inSpan) : address,
        length,
        context,
        before);
  }
}
