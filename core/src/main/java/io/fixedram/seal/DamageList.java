// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.error.DamagedRange;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Damaged ranges that several threads find. Adjacent ranges of the same kind become one; of too
 * many, only the number is kept.
 */
public final class DamageList {
  /** Maximum number of ranges that are shown. */
  public static final int MAX_RANGES = 1000;

  /** Ranges that are kept until neighbours are found that fill the gaps between them. */
  private static final int MAX_KEPT = 2 * MAX_RANGES;

  private final TreeMap<Long, DamagedRange> ranges = new TreeMap<>();
  private long dropped;
  private long bytes;

  /** Creates an empty list. */
  public DamageList() {}

  /** Adds a range. */
  public synchronized void add(DamagedRange range) {
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

  /** The first {@value #MAX_RANGES} ranges by their file offsets. */
  public synchronized List<DamagedRange> first() {
    return ranges.values().stream().limit(MAX_RANGES).toList();
  }

  /** Number of all ranges. */
  public synchronized long count() {
    return ranges.size() + dropped;
  }

  /** Bytes of all ranges. */
  public synchronized long bytes() {
    return bytes;
  }
}
