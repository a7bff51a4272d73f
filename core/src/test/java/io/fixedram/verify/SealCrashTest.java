// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.testing.CrashImage;
import io.fixedram.testing.CrashImages;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.ReadBack;
import io.fixedram.testing.RecordedDisk;
import io.fixedram.testing.Script;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The host crashes while a file is sealed in place, and its file system keeps what {@link
 * CrashImages} says: the file is the same save, with a whole seal or without one. The property
 * {@code fixedram.crash.images} makes it a long look.
 */
class SealCrashTest {
  private static final int RANDOM_IMAGES = Integer.getInteger("fixedram.crash.images", 5);
  private static final long SEED = 20261128;

  /** After so many images, one of them is sealed again. */
  private static final int AGAIN = 20;

  private final Dirs written;
  private final Dirs looked;
  private final Path path;
  private final Path image;

  SealCrashTest(@TempDir Path temporary) throws IOException {
    written = new Dirs(temporary);
    looked = new Dirs(temporary);
    path = written.all().getLast().resolve("save");
    image = looked.all().getLast().resolve("image");
  }

  @AfterEach
  void removeDirectories() throws IOException {
    written.close();
    looked.close();
  }

  private Guest write(SaveFormat format, long alignment) {
    RamBlock ram = new RamBlock(0, "pc.ram", 300L * 4096);
    RamBlock more = new RamBlock(1, "/objects/more", 40L * 4096);
    RamBlock rom = new RamBlock(2, "pc.rom", 8L * 4096);
    Random random = new Random(SEED);
    Guest.Tail tail = RandomGuests.tail(random);
    while (tail.description().isEmpty()) {
      tail = RandomGuests.tail(random);
    }
    byte[] run = new byte[20 * 4096];
    random.nextBytes(run);
    Script script =
        Script.of(Guest.of(ram, more, rom).with(tail))
            .data(ram, 0, run)
            .data(ram, 280 * 4096, RandomGuests.content(random, 4096))
            .data(more, 4096, RandomGuests.content(random, 3 * 4096))
            .data(rom, 4096, RandomGuests.content(random, 4096));
    WriteOptions options = new WriteOptions(DirectMode.OFF, false, alignment).notSealed();
    try (SaveWriter writer = SaveWriter.create(path, format, options)) {
      script.sendTo(writer.sink());
      writer.publish();
    }
    return script.guest();
  }

  /** With an alignment of pages there is no room for some of the heads of tables. */
  @ParameterizedTest
  @CsvSource({"MAPPED_RAM, 1048576", "FIXED_RAM, 1048576", "FIXED_RAM, 4096"})
  void sameSaveAtAnyInstant(SaveFormat format, long alignment, TestReporter reporter)
      throws IOException {
    CrashImages images = explore(write(format, alignment), Set.of());
    reporter.publishEntry(
        format + " aligned to " + alignment,
        images.points() + " crashes, " + images.images() + " different images");
    assertThat(images.points()).isGreaterThan(10);
  }

  /** The first sync only lets the second one end sooner. */
  @Test
  void eachOtherSyncIsNeeded() throws IOException {
    Guest guest = write(SaveFormat.MAPPED_RAM, 1 << 20);
    byte[] before = Files.readAllBytes(path);
    for (int lost = 1; lost < 4; lost++) {
      Files.write(path, before);
      Set<Integer> syncs = Set.of(lost);
      assertThatThrownBy(() -> explore(guest, syncs))
          .as("without sync %d", lost)
          .isInstanceOf(AssertionError.class);
    }
  }

  private CrashImages explore(Guest guest, Set<Integer> lostSyncs) throws IOException {
    RecordedDisk disk = new RecordedDisk(written.all().getLast(), lostSyncs);
    Sealing.run(disk, path, 1, Optional.empty(), new Cancellation());
    assertThat(disk.syncs()).isEqualTo(4);
    CrashImage sealed = CrashImage.of(Files.readAllBytes(path));
    CrashImages images = new CrashImages(disk, RANDOM_IMAGES, true, new Random(SEED));
    int[] seen = {0};
    images.show((name, found, last) -> check(guest, found, sealed, last, seen[0]++ % AGAIN == 0));
    return images;
  }

  private void check(
      Guest guest, Optional<CrashImage> found, CrashImage sealed, boolean last, boolean again) {
    assertThat(found).isPresent();
    if (last) {
      assertThat(found.get()).as("the file after the end").isEqualTo(sealed);
    }
    found.get().writeTo(image);
    ReadBack read = ReadBack.of(image);
    assertThat(read.is(guest)).as("the same save: %s", found.get()).isTrue();
    assertThat(read.whole()).as("sealed and whole").isEqualTo(read.sealed());
    if (again && !read.sealed()) {
      Sealing.run(image, 1, new Cancellation());
      read = ReadBack.of(image);
      assertThat(read.is(guest) && read.whole()).as("sealed again: %s", found.get()).isTrue();
    }
  }
}
