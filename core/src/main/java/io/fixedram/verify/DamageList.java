// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import io.fixedram.error.DamagedRange;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Damaged ranges that several threads find. Adjacent ranges of the same kind become one; of too
 * many, only the number is kept.
 */
final class DamageList {
  /** Ranges that are kept until neighbours are found that fill the gaps between them. */
  private static final int MAX_KEPT = 2 * VerificationReport.MAX_RANGES;

  private final TreeMap<Long, DamagedRange> ranges = new TreeMap<>();
  private long dropped;
  private long bytes;

  synchronized void add(DamagedRange range) {
    bytes += range.lengthBytes();
    DamagedRange merged = range;
    Map.Entry<Long, DamagedRange> before = ranges.floorEntry(range.fileOffset());
    if (before != null && follows(before.getValue(), range)) {
      merged = joined(before.getValue(), merged);
      ranges.remove(before.getKey());
    }
    Map.Entry<Long, DamagedRange> after = ranges.higherEntry(range.fileOffset());
    if (after != null && follows(merged, after.getValue())) {
      merged = joined(merged, after.getValue());
      ranges.remove(after.getKey());
    }
    if (ranges.size() == MAX_KEPT) {
      dropped++;
      if (merged.fileOffset() > ranges.lastKey()) {
        return;
      }
      ranges.pollLastEntry();
    }
    ranges.put(merged.fileOffset(), merged);
  }

  private static boolean follows(DamagedRange first, DamagedRange second) {
    return first.fileOffset() + first.lengthBytes() == second.fileOffset()
        && first.what().equals(second.what())
        && first.block().equals(second.block())
        && first.offset().isPresent()
        && second.offset().isPresent();
  }

  private static DamagedRange joined(DamagedRange first, DamagedRange second) {
    return new DamagedRange(
        first.what(),
        first.block(),
        OptionalLong.of(first.offset().orElseThrow()),
        first.fileOffset(),
        first.lengthBytes() + second.lengthBytes());
  }

  /** The first ranges by their file offsets. */
  synchronized List<DamagedRange> first(int count) {
    return ranges.values().stream().limit(count).toList();
  }

  /** Number of all ranges. */
  synchronized long count() {
    return ranges.size() + dropped;
  }

  /** Bytes of all ranges. */
  synchronized long bytes() {
    return bytes;
  }
}
