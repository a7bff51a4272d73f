// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.qemu.qmp.QemuVersion;
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
 * Predicts the time until the stored pages of a save are in their places in a QEMU's memory, from
 * the moment at which it waits for them: the time to find its memory, and to write the pages at
 * {@link #BYTES_PER_SECOND}, or at the speed at which a sample of them is read if that is lower.
 */
final class PlacingTime {
  /** Speed of writing by two threads, to memory that the host allocates meanwhile. */
  static final long BYTES_PER_SECOND = 512L << 20;

  /**
   * Time to find and verify the memory of a QEMU that lists where it is, by a program that was just
   * started, on two processors that do little else.
   */
  static final Duration FINDING = Duration.ofMillis(50);

  /** The same with a QEMU that must be searched for its memory. */
  static final Duration SEARCHING = Duration.ofMillis(90);

  /** Version of QEMU from which on it lists where its memory is. */
  private static final int LISTING_MAJOR = 8;

  /** Number of pieces in the sample, spread over the largest block. */
  private static final int PIECES = 8;

  private static final int PIECE_BYTES = 1 << 20;

  private PlacingTime() {}

  /** Predicted time to find the memory of a QEMU. */
  static Duration finding(QemuVersion version) {
    return version.isAtLeast(LISTING_MAJOR, 0) ? FINDING : SEARCHING;
  }

  /**
   * Predicts how long finding QEMU's memory may take for all stored pages to be in their places
   * within a time. If they are too many for it, however soon that memory is found, none is read.
   *
   * @return empty if they are too many, and for a save without random access
   * @throws FixedRamException if the save can't be read
   */
  static Optional<Duration> leftToFind(PageStore save, Duration limit) {
    if (limit.compareTo(FINDING) < 0 || !save.isRandomAccess()) {
      return Optional.empty();
    }
    List<PageMap> maps = save.blocks().stream().map(save::pages).toList();
    double bytes = maps.stream().mapToLong(PageMap::storedBytes).sum();
    double most = limit.minus(FINDING).toNanos() / 1e9;
    if (bytes / BYTES_PER_SECOND > most) {
      return Optional.empty();
    }
    double seconds = Math.max(bytes / BYTES_PER_SECOND, bytes / readingPace(save, maps));
    return Optional.of(limit.minusNanos((long) (seconds * 1e9)))
        .filter(left -> left.compareTo(FINDING) >= 0);
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
