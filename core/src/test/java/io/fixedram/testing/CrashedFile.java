// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import static io.fixedram.testing.CrashImage.SECTOR_BYTES;

import io.fixedram.testing.RecordedDisk.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/** A file of {@link CrashImages}: what is durable of it, and what was done to it since. */
final class CrashedFile {
  private static final byte[] ZEROS = new byte[SECTOR_BYTES];

  /** What is durable. */
  private SortedMap<Long, byte[]> durable;

  private long durableSize;

  /** Contents of each sector since the last sync, with the number of the change that made each. */
  private final Map<Long, List<Version>> versions = new HashMap<>();

  private final List<Long> sizes = new ArrayList<>();
  private int changes;

  /** A content of a sector, and the number of the change that made it. */
  private record Version(int change, MemorySegment content) {
    byte[] bytes() {
      return (byte[]) content.heapBase().orElseThrow();
    }
  }

  /** How many of a sector's changes are there. */
  private interface Choice {
    int count(long sector, List<Version> changed);
  }

  private CrashedFile(SortedMap<Long, byte[]> durable, long durableSize) {
    this.durable = durable;
    this.durableSize = durableSize;
  }

  /** A durable file. */
  static CrashedFile of(byte[] content) {
    SortedMap<Long, byte[]> sectors = new TreeMap<>();
    for (int at = 0; at < content.length; at += SECTOR_BYTES) {
      // Filled up with zeros.
      byte[] sector = Arrays.copyOfRange(content, at, at + SECTOR_BYTES);
      if (!Arrays.equals(sector, ZEROS)) {
        sectors.put((long) at / SECTOR_BYTES, sector);
      }
    }
    return new CrashedFile(sectors, content.length);
  }

  private long size() {
    return sizes.isEmpty() ? durableSize : sizes.getLast();
  }

  private byte[] current(long sector) {
    List<Version> changed = versions.get(sector);
    return changed == null ? durable.getOrDefault(sector, ZEROS) : changed.getLast().bytes();
  }

  /** Changes the file. */
  void change(Step step) {
    changes++;
    switch (step) {
      case Step.Write write -> {
        byte[] content = write.content().toArray(ValueLayout.JAVA_BYTE);
        put(write.position(), content, 0, content.length);
        if (write.position() + content.length > size()) {
          sizes.add(write.position() + content.length);
        }
      }
      case Step.Zeros zeros -> clear(zeros.position(), zeros.position() + zeros.length());
      case Step.Size size -> {
        if (size.size() < size()) {
          clear(size.size(), size());
        }
        if (size.size() != size()) {
          sizes.add(size.size());
        }
      }
      default -> throw new IllegalArgumentException(step + " is no change of a file");
    }
  }

  /** Only sectors that have content change. */
  private void clear(long from, long end) {
    for (long sector = from / SECTOR_BYTES; sector * SECTOR_BYTES < end; sector++) {
      if (!Arrays.equals(current(sector), ZEROS)) {
        long first = Math.max(from, sector * SECTOR_BYTES);
        long last = Math.min(end, (sector + 1) * SECTOR_BYTES);
        put(first, ZEROS, 0, (int) (last - first));
      }
    }
  }

  private void put(long position, byte[] content, int offset, int length) {
    for (int done = 0; done < length; ) {
      long sector = (position + done) / SECTOR_BYTES;
      int inSector = (int) ((position + done) % SECTOR_BYTES);
      int count = Math.min(length - done, SECTOR_BYTES - inSector);
      byte[] next = current(sector).clone();
      System.arraycopy(content, offset + done, next, inSector, count);
      versions
          .computeIfAbsent(sector, _ -> new ArrayList<>())
          .add(
              new Version(
                  changes, MemorySegment.ofArray(Arrays.equals(next, ZEROS) ? ZEROS : next)));
      done += count;
    }
  }

  /** Makes everything durable. */
  void sync() {
    durable = choose((_, changed) -> changed.size());
    durableSize = size();
    versions.clear();
    sizes.clear();
    changes = 0;
  }

  private SortedMap<Long, byte[]> choose(Choice choice) {
    SortedMap<Long, byte[]> chosen = new TreeMap<>(durable);
    versions.forEach((sector, changed) -> {
      int count = choice.count(sector, changed);
      if (count > 0) {
        chosen.put(sector, changed.get(count - 1).bytes());
      }
    });
    chosen.values().removeIf(content -> Arrays.equals(content, ZEROS));
    return chosen;
  }

  private CrashImage image(long size, Choice choice) {
    SortedMap<Long, byte[]> sectors = choose(choice);
    return CrashImage.of(size, sectors.headMap((size + SECTOR_BYTES - 1) / SECTOR_BYTES));
  }

  /**
   * Some of the images that a crash may leave.
   *
   * @param thorough whether to lose each change alone, not only the last one
   * @param randoms number of random images
   */
  List<CrashImage> images(boolean thorough, int randoms, Random random) {
    List<CrashImage> images = new ArrayList<>();
    images.add(image(durableSize, (_, _) -> 0));
    if (changes == 0) {
      return images;
    }
    Choice all = (_, changed) -> changed.size();
    images.add(image(size(), all));
    images.add(image(size(), (_, _) -> 0));
    images.add(image(durableSize, all));
    images.add(image(size(), (sector, changed) -> sector % 2 == 0 ? changed.size() : 0));
    images.add(image(size(), (sector, changed) -> sector % 2 == 0 ? 0 : changed.size()));
    for (int change = thorough ? 1 : changes; change <= changes; change++) {
      int one = change;
      images.add(image(size(), (_, changed) -> without(changed, one)));
      images.add(image(size(), (_, changed) -> changed.size() - without(changed, one)));
      images.add(
          image(
              size(),
              (sector, changed) -> sector % 2 == 0 ? changed.size() : without(changed, one)));
      // As if written in order up to it, or from it on.
      images.add(image(size(), (_, changed) -> before(changed, one)));
      images.add(image(size(), (_, changed) -> before(changed, one) == 0 ? changed.size() : 0));
    }
    for (int i = 0; i < randoms; i++) {
      double part = new double[] {0.02, 0.1, 0.5, 0.9, 0.98}[random.nextInt(5)];
      long size = random.nextInt(4) == 0 ? anySize(random) : size();
      if (random.nextBoolean()) {
        images.add(
            image(
                size,
                (_, changed) ->
                    random.nextDouble() < part
                        ? changed.size()
                        : random.nextInt(changed.size() + 1)));
      } else {
        long seed = random.nextLong();
        images.add(
            image(
                size,
                (_, changed) ->
                    isKept(seed, changed.getLast().change(), part) ? changed.size() : 0));
      }
    }
    return images;
  }

  /** Whether a whole change is kept. */
  private static boolean isKept(long seed, int change, double part) {
    return new Random(seed + change * 0x9e37_79b9L).nextDouble() < part;
  }

  private long anySize(Random random) {
    int chosen = random.nextInt(sizes.size() + 1);
    return chosen == 0 ? durableSize : sizes.get(chosen - 1);
  }

  /** All changes of a sector, up to those that come before one if that is among them. */
  private static int without(List<Version> changed, int change) {
    int count = 0;
    while (count < changed.size() && changed.get(count).change() != change) {
      count++;
    }
    return count;
  }

  /** The changes of a sector before one. */
  private static int before(List<Version> changed, int change) {
    int count = 0;
    while (count < changed.size() && changed.get(count).change() < change) {
      count++;
    }
    return count;
  }
}
