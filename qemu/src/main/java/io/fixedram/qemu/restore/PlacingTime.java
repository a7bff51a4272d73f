// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Predicts the time to write the stored pages of a save to their places in a QEMU's memory, at
 * {@link #BYTES_PER_SECOND}, or at the speed at which a sample of them is read if that is lower.
 * The time to locate QEMU's memory is not included, since it does not depend on the size.
 */
final class PlacingTime {
  /** Speed of writing by two threads, to memory that the host allocates meanwhile. */
  static final long BYTES_PER_SECOND = 512L << 20;

  /** Number of pieces in the sample, spread over the largest block. */
  private static final int PIECES = 8;

  private static final int PIECE_BYTES = 1 << 20;

  private PlacingTime() {}

  /**
   * Whether the stored pages are expected to be written within a time. If they are too many for it,
   * none is read. False for a save without random access.
   *
   * @throws FixedRamException if the save can't be read
   */
  static boolean isWithin(PageStore save, Duration limit) {
    if (limit.isZero() || !save.isRandomAccess()) {
      return false;
    }
    List<PageMap> maps = save.blocks().stream().map(save::pages).toList();
    long bytes = maps.stream().mapToLong(PageMap::storedBytes).sum();
    double seconds = limit.toNanos() / 1e9;
    return bytes <= seconds * BYTES_PER_SECOND && bytes <= seconds * readingPace(save, maps);
  }

  /**
   * Median speed of reading the pieces, in bytes per second, so that a single delay does not count.
   */
  private static double readingPace(PageStore save, List<PageMap> maps) {
    Optional<PageMap> largest = maps.stream().max(Comparator.comparingLong(PageMap::storedBytes));
    List<Double> paces = new ArrayList<>();
    if (largest.isPresent()) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = AnonymousMemory.allocate(arena, PIECE_BYTES);
        buffer.fill((byte) 0);
        for (int piece = 0; piece < PIECES; piece++) {
          readPiece(save, largest.get(), piece, buffer).ifPresent(paces::add);
        }
      }
    }
    paces.sort(Comparator.naturalOrder());
    return paces.isEmpty() ? BYTES_PER_SECOND : paces.get(paces.size() / 2);
  }

  private static Optional<Double> readPiece(
      PageStore save, PageMap map, int piece, MemorySegment buffer) {
    long from = map.pages() * piece / PIECES;
    long first = map.stored().nextSet(from, map.pages());
    long end = Math.min(first + PIECE_BYTES / map.pageSize(), map.pages());
    if (first >= end) {
      return Optional.empty();
    }
    long bytes = map.stored().cardinality(first, end) * map.pageSize();
    long start = System.nanoTime();
    save.read(map, first, end, buffer, 0);
    long nanos = Math.max(1, System.nanoTime() - start);
    return Optional.of(bytes * 1e9 / nanos);
  }
}
