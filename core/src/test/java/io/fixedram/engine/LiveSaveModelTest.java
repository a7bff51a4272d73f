// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.DirtyLog;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random guests that never stop writing are saved; the file must be the copy of memory that the
 * test took the naive way while the guest stood still. {@code -Dfixedram.seed} repeats a failure,
 * {@code -Dfixedram.runs} makes it more runs.
 */
class LiveSaveModelTest {
  private static final long SEED = Long.getLong("fixedram.seed", System.nanoTime());
  private static final int RUNS = Integer.getInteger("fixedram.runs", 600);
  private static final List<SaveFormat> FORMATS = List.of(SaveFormat.values());
  private static final int[] SIZES = {0, 1, 2, 3, 31, 63, 64, 65, 100, 255, 256, 257, 300};

  /** So many of the sizes are taken for large pages: those around one word of a bitmap. */
  private static final int SMALL_SIZES = 8;

  private static final Path IN_MEMORY = Path.of("/dev/shm");

  /** One run of so many goes to a real disk, which takes longer. */
  private static final int DISK_SHARE = 50;

  @TempDir Path onDisk;

  @Test
  void fileIsMemoryAtTheStop() throws IOException {
    Path inMemory =
        Files.isWritable(IN_MEMORY) ? Files.createTempDirectory(IN_MEMORY, "fixedram") : onDisk;
    try {
      for (int run = 0; run < RUNS; run++) {
        saveAndCompare(run % DISK_SHARE == 0 ? onDisk : inMemory, SEED + run);
      }
    } finally {
      if (!inMemory.equals(onDisk)) {
        Files.delete(inMemory);
      }
    }
  }

  private static void saveAndCompare(Path directory, long seed) throws IOException {
    Random random = new Random(seed);
    SaveFormat format = FORMATS.get(random.nextInt(FORMATS.size()));
    String what = "-Dfixedram.seed=" + seed + " -Dfixedram.runs=1, " + format;
    Path file = directory.resolve("save");
    try (Arena arena = Arena.ofShared()) {
      RamBlocks blocks = blocks(random);
      GuestMemory memory = Blocks.filled(arena, blocks, random);
      HypervisorLog log = new HypervisorLog(blocks);
      boolean ownLog = random.nextInt(3) == 0;
      GuestMemory written = ownLog ? withLog(memory, log.writes()) : memory;
      GuestMemory migrated = ownLog ? withLog(memory, log) : memory;
      try (WritingGuest guest =
          new WritingGuest(written, 1 + random.nextInt(3)).runningOn().start(seed)) {
        Migration migration = new Migration(migrated, guest, settings(random, format));
        migration.start(Transport.file(file, options(random)));
        MigrationInfo info = migration.await();
        assertThat(info.ram().remainingBytes()).as(what).isZero();
        assertThat(log.isLogging()).as(what).isFalse();
        compare(file, arena, memory, guest.atStop(), what);
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** The same memory with another log. */
  private static GuestMemory withLog(GuestMemory memory, DirtyLog log) {
    List<RamBlock> list = memory.blocks().list();
    return GuestMemory.of(memory.blocks(), list.stream().map(memory::segment).toList(), log);
  }

  private static RamBlocks blocks(Random random) {
    int pageSize = random.nextInt(4) == 0 ? 1024 << random.nextInt(7) : Blocks.PAGE;
    int[] pages = new int[1 + random.nextInt(4)];
    int sizes = pageSize > Blocks.PAGE ? SMALL_SIZES : SIZES.length;
    Arrays.setAll(pages, i -> SIZES[random.nextInt(sizes)]);
    return Blocks.ofSize(pageSize, pages);
  }

  private static MigrationSettings settings(Random random, SaveFormat format) {
    MigrationParameters parameters =
        MigrationParameters.defaults()
            .withMaxBandwidth(0)
            .withDowntimeLimit(Duration.ofNanos(random.nextInt(1_000_000)))
            .withMaxPasses(1 + random.nextInt(5));
    return new MigrationSettings(
        Configuration.of("model-1"), MigrationCapabilities.of(format), parameters);
  }

  private static WriteOptions options(Random random) {
    DirectMode direct = random.nextBoolean() ? DirectMode.AUTO : DirectMode.OFF;
    return new WriteOptions(direct, false, 1L << random.nextInt(23));
  }

  private static void compare(
      Path file, Arena arena, GuestMemory memory, List<byte[]> expected, String what)
      throws IOException {
    GuestMemory loaded = Blocks.dirty(arena, memory.blocks());
    try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
      assertThat(WritingGuest.isState(load.load(2))).as(what).isTrue();
    }
    loaded
        .blocks()
        .list()
        .forEach(block ->
            assertThat(loaded.segment(block).toArray(ValueLayout.JAVA_BYTE))
                .as("%s of %s", block, what)
                .isEqualTo(expected.get(block.index())));
    try (PageStore save = Saves.open(file)) {
      for (BlockPlace place : save.places()) {
        int own = memory.blocks().byName(place.block().name()).orElseThrow().index();
        compareRegion(save, place, expected.get(own), what);
      }
    }
  }

  /** The region in the file is the memory, and a bit is set where a page is not zero. */
  private static void compareRegion(PageStore save, BlockPlace place, byte[] expected, String what)
      throws IOException {
    byte[] region = new byte[expected.length];
    try (FileChannel channel = FileChannel.open(Path.of(save.name()))) {
      int count = channel.read(ByteBuffer.wrap(region), place.pagesOffset());
      assertThat(count).as(what).isEqualTo(expected.length);
    }
    assertThat(region).as("region of %s of %s", place.block(), what).isEqualTo(expected);
    PageBitmap bitmap = save.pages(place.block()).stored();
    int pageSize = save.header().blocks().targetPageSize();
    byte[] zeros = new byte[pageSize];
    for (int page = 0; page < bitmap.pages(); page++) {
      boolean isData =
          !Arrays.equals(expected, page * pageSize, (page + 1) * pageSize, zeros, 0, pageSize);
      if (bitmap.get(page) != isData) {
        fail("bit of page %d of %s of %s is %b", page, place.block(), what, !isData);
      }
    }
  }
}
