// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.SystemCalls;
import io.fixedram.testing.CrashImage;
import io.fixedram.testing.CrashImages;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.ReadBack;
import io.fixedram.testing.RecordedDisk;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The host crashes after each change that a save makes, and its file system keeps what {@link
 * CrashImages} says. Whatever is left is opened by the readers: under the save's name there is the
 * earlier save or the new one, under that of the unfinished file nothing, no save, or the new one.
 *
 * <p>A short look, or with {@code -Dfixedram.crash.images=60} a long one: so many random images
 * after each change, and all combinations of options. What that found is in docs/promises.md.
 */
class CrashTest {
  private static final int RANDOM_IMAGES = Integer.getInteger("fixedram.crash.images", 6);
  private static final boolean LONG = RANDOM_IMAGES > 6;
  private static final String NAME = "save";
  private static final String PARTIAL = ".save.partial";
  private static final long SEED = 20261128;

  /** After so many images of an unfinished file, the next save is made beside one. */
  private static final int LEFTOVERS = 200;

  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 96L * 4096);
  private static final RamBlock MORE = new RamBlock(1, "/objects/more", 40L * 4096);
  private static final RamBlock ROM = new RamBlock(2, "pc.rom", 8L * 4096);

  private final Dirs written;
  private final Dirs looked;
  private final Path directory;
  private final Path image;

  CrashTest(@TempDir Path temporary) throws IOException {
    // In memory if there is any: the kernel's own syncs are of no importance here.
    written = new Dirs(temporary);
    looked = new Dirs(temporary);
    directory = written.all().getLast();
    image = looked.all().getLast().resolve("image");
  }

  @AfterEach
  void removeDirectories() throws IOException {
    written.close();
    looked.close();
  }

  /** How a save is written. */
  record Way(SaveFormat format, boolean earlier, WriteOptions options) {
    boolean isSealed() {
      return format != SaveFormat.STREAM && options.alignmentBytes() >= 1 << 20;
    }

    @Override
    public String toString() {
      return format.text()
          + (isSealed() ? "" : " without a seal")
          + ", direct writes "
          + options.direct()
          + (options.reserve() ? ", reserved" : "")
          + (options.sync() ? "" : ", not synced")
          + (earlier ? ", over an earlier save" : "");
    }
  }

  /** A run that is written directly, single pages, pages that are written twice or become zero. */
  private static Script script(long seed) {
    Random random = new Random(seed);
    Guest guest = Guest.of(RAM, MORE, ROM).with(RandomGuests.tail(random));
    byte[] run = new byte[70 * 4096];
    random.nextBytes(run);
    return Script.of(guest)
        .data(RAM, 0, run)
        .data(ROM, 4096, RandomGuests.content(random, 4096))
        .data(MORE, 3 * 4096, RandomGuests.content(random, 2 * 4096))
        .drain()
        .zero(RAM, 5 * 4096, 3 * 4096)
        .data(RAM, 90 * 4096, RandomGuests.content(random, 4096))
        .drain()
        .data(RAM, 6 * 4096, RandomGuests.content(random, 4096))
        .data(MORE, 30 * 4096, RandomGuests.content(random, 4096))
        .zero(MORE, 4 * 4096, 4096);
  }

  private static Guest save(SystemCalls calls, Path target, Way way, long seed) {
    Script script = script(seed);
    try (SaveWriter writer =
        SaveWriter.create(calls, target, way.format, DestinationMemory.QEMU, way.options)) {
      script.sendTo(writer.sink());
      if (way.isSealed()) {
        writer.manifest("{\"guest\": %d}".formatted(seed));
      }
      writer.publish();
    }
    return script.guest();
  }

  static Stream<Way> ways() {
    List<Way> ways = new ArrayList<>();
    for (SaveFormat format : SaveFormat.values()) {
      for (long alignment : new long[] {1 << 20, 4096}) {
        for (DirectMode direct : List.of(DirectMode.AUTO, DirectMode.OFF)) {
          for (boolean earlier : new boolean[] {true, false}) {
            for (boolean reserve : new boolean[] {false, true}) {
              WriteOptions options = new WriteOptions(direct, true, alignment);
              ways.add(new Way(format, earlier, reserve ? options.reserving() : options));
            }
          }
        }
      }
    }
    ways.removeIf(way ->
        way.format == SaveFormat.STREAM
            && (way.options.reserve()
                || way.options.alignmentBytes() > 4096
                || way.options.direct() != DirectMode.OFF));
    return ways.stream().filter(way -> LONG || isUsual(way));
  }

  /** Each of the options with each format, but not all combinations of them. */
  private static boolean isUsual(Way way) {
    boolean direct = way.options.direct() == DirectMode.AUTO;
    return way.isSealed()
        ? direct == way.earlier
            && way.options.reserve() == (direct == (way.format == SaveFormat.FIXED_RAM))
        : way.earlier && !direct && !way.options.reserve() && way.format != SaveFormat.MAPPED_RAM;
  }

  @ParameterizedTest
  @MethodSource("ways")
  void earlierOrNewAtAnyInstant(Way way, TestReporter reporter) throws IOException {
    CrashImages images = explore(way, Set.of(), RANDOM_IMAGES);
    reporter.publishEntry(
        way.toString(), images.points() + " crashes, " + images.images() + " different images");
    assertThat(images.points()).isGreaterThan(way.format == SaveFormat.STREAM ? 8 : 20);
  }

  /** Without any of the syncs something is lost; so this test can fail. */
  @Test
  void eachSyncIsNeeded() {
    WriteOptions options = new WriteOptions(DirectMode.OFF, true, 4096);
    for (int lost = 0; lost < 3; lost++) {
      Set<Integer> syncs = Set.of(lost);
      for (SaveFormat format : List.of(SaveFormat.FIXED_RAM, SaveFormat.STREAM)) {
        Way way = new Way(format, true, options);
        assertThatThrownBy(
                () -> explore(way, syncs, format == SaveFormat.STREAM ? 50 : RANDOM_IMAGES))
            .as("%s without sync %d", way, lost)
            .isInstanceOf(AssertionError.class);
      }
    }
    Way sealed = new Way(SaveFormat.MAPPED_RAM, true, WriteOptions.defaults());
    for (int lost = 1; lost < 3; lost++) {
      Set<Integer> syncs = Set.of(lost);
      assertThatThrownBy(() -> explore(sealed, syncs, RANDOM_IMAGES))
          .isInstanceOf(AssertionError.class);
    }
  }

  private CrashImages explore(Way way, Set<Integer> lostSyncs, int randomImages)
      throws IOException {
    Dirs.empty(directory);
    Path target = directory.resolve(NAME);
    Optional<Guest> earlier =
        way.earlier
            ? Optional.of(save(SystemCalls.linux(), target, way, SEED + 1))
            : Optional.empty();
    RecordedDisk disk = new RecordedDisk(directory, lostSyncs);
    Guest guest = save(disk, target, way, SEED);
    assertThat(disk.syncs()).isEqualTo(way.options.sync() ? 3 : 0);
    CrashImages images = new CrashImages(disk, randomImages, LONG, new Random(SEED));
    int[] partials = {0};
    images.show((name, found, last) -> {
      if (found.isEmpty()) {
        assertThat(name.equals(PARTIAL) || !(way.earlier || last)).as("%s is there", name).isTrue();
        return;
      }
      ReadBack read = read(found.get());
      if (read.is(guest)) {
        assertThat(read.whole()).isEqualTo(way.isSealed());
      } else if (name.equals(PARTIAL)) {
        assertThat(read.guest()).as("what is in an unfinished file").isEmpty();
        assertThat(read.whole()).isFalse();
      } else {
        assertThat(last).as("an earlier save after the end").isFalse();
        assertThat(earlier).as("another save than the new one: %s", found.get()).isPresent();
        assertThat(read.is(earlier.orElseThrow())).as("neither: %s", found.get()).isTrue();
      }
      if (name.equals(PARTIAL) && partials[0]++ % LEFTOVERS == 0) {
        nextSaveRemoves(found.get(), way);
      }
    });
    return images;
  }

  private ReadBack read(CrashImage found) {
    found.writeTo(image);
    return ReadBack.of(image);
  }

  private void nextSaveRemoves(CrashImage leftover, Way way) {
    Path place = looked.all().getLast();
    try {
      Files.deleteIfExists(image);
      leftover.writeTo(place.resolve(PARTIAL));
      Guest guest = save(SystemCalls.linux(), place.resolve(NAME), way, SEED);
      assertThat(Dirs.names(place)).containsExactly(NAME);
      assertThat(ReadBack.of(place.resolve(NAME)).is(guest)).isTrue();
      Dirs.empty(place);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Without syncs a crash may leave the name to a file that has lost anything. What holds is that
   * no verification finds such a file whole, and that no reader takes pages from it while it has
   * its footer; it may have lost that, and then looks like a file that never had one.
   */
  @Test
  void withoutSyncsVerificationTells() throws IOException {
    Way way =
        new Way(SaveFormat.MAPPED_RAM, true, new WriteOptions(DirectMode.AUTO, false, 1 << 20));
    Path target = directory.resolve(NAME);
    Guest earlier = save(SystemCalls.linux(), target, way, SEED + 1);
    RecordedDisk disk = new RecordedDisk(directory, Set.of());
    Guest guest = save(disk, target, way, SEED);
    int[] refused = {0};
    new CrashImages(disk, RANDOM_IMAGES, LONG, new Random(SEED))
        .show((name, found, last) -> {
          if (found.isEmpty()) {
            assertThat(name).isEqualTo(PARTIAL);
            return;
          }
          ReadBack read = read(found.get());
          boolean either = read.is(guest) || (name.equals(NAME) && read.is(earlier));
          assertThat(read.whole()).isEqualTo(either);
          assertThat(either || read.guest().isEmpty() || !read.sealed()).isTrue();
          refused[0] += !either && name.equals(NAME) ? 1 : 0;
        });
    assertThat(refused[0]).as("damaged files under the name").isPositive();
  }
}
