// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.engine.Blocks;
import io.fixedram.engine.GuestControl;
import io.fixedram.engine.Migration;
import io.fixedram.engine.StillGuest;
import io.fixedram.engine.Transport;
import io.fixedram.engine.WritingGuest;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.layout.SaveFormat;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.store.SaveInfo;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Memory of every kind and shape, saved and loaded. */
class GuestMemoryTest {
  @TempDir Path directory;

  private Path save(GuestMemory memory, SaveFormat format) {
    return save(memory, new StillGuest(), format);
  }

  private Path save(GuestMemory memory, GuestControl guest, SaveFormat format) {
    Path file = directory.resolve("save." + format.text());
    Migration migration =
        new Migration(
            memory,
            guest,
            new MigrationSettings(
                Configuration.of("memory-1"),
                MigrationCapabilities.of(format),
                MigrationParameters.defaults().withMaxBandwidth(0)));
    migration.start(Transport.file(file, new WriteOptions(DirectMode.OFF, false, 1)));
    migration.await();
    return file;
  }

  private void assertComesBack(GuestMemory memory, SaveFormat format) {
    GuestMemory loaded = Blocks.dirty(Arena.ofAuto(), memory.blocks());
    try (MemoryLoad load = MemoryLoad.open(save(memory, format), loaded)) {
      load.load(2);
    }
    for (RamBlock block : memory.blocks().list()) {
      assertThat(loaded.segment(block).mismatch(memory.segment(block)))
          .as("%s as %s", block, format)
          .isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void blocksOfEveryLength(SaveFormat format) {
    for (RamBlocks blocks :
        List.of(
            Blocks.of(),
            Blocks.of(0),
            Blocks.of(0, 0),
            Blocks.of(1),
            Blocks.of(0, 1, 0),
            Blocks.of(1, 0, 63, 0, 64, 65, 0),
            Blocks.of(255, 256, 257, 511, 513),
            Blocks.ofSize(1024, 1, 1025, 0, 3),
            Blocks.ofSize(65536, 1, 17))) {
      assertComesBack(Blocks.filled(Arena.ofAuto(), blocks, new Random(1)), format);
    }
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void twoHundredBlocks(SaveFormat format) {
    int[] pages = new int[200];
    Arrays.setAll(pages, i -> i % 7);
    assertComesBack(Blocks.filled(Arena.ofAuto(), Blocks.of(pages), new Random(1)), format);
  }

  /** Half a page can't be a page: refused with what is wrong, whatever the block before it. */
  @Test
  void lengthsThatAreNoWholePagesAreRefused() {
    assertThatThrownBy(() ->
            new RamBlocks(
                Blocks.PAGE, List.of(new RamBlock(0, "ram", 8192), new RamBlock(1, "odd", 10_000))))
        .isExactlyInstanceOf(FixedRamException.class)
        .hasMessageStartingWith(
            "RAM block odd has a length of 10000 bytes: it must be a multiple of the target page"
                + " size, 4096");
  }

  @Test
  void memoryOnTheHeap() {
    byte[] bytes = new byte[5 * Blocks.PAGE];
    new Random(1).nextBytes(bytes);
    assertComesBack(
        GuestMemory.of(Blocks.of(5), List.of(MemorySegment.ofArray(bytes))), SaveFormat.FIXED_RAM);
  }

  /**
   * Sparse, so that neither memory nor disk of that size is needed. Two pages beyond are written
   * after the first pass, one of them zero.
   */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void blocksBeyondTwoGibibytes(SaveFormat format) {
    long length = (2L << 30) + 4 * Blocks.PAGE;
    RamBlocks blocks = new RamBlocks(Blocks.PAGE, List.of(new RamBlock(0, "ram", length)));
    RamBlock block = blocks.list().getFirst();
    try (Arena arena = Arena.ofShared()) {
      // Huge pages take fewer faults, and loading into the same memory no more of them.
      GuestMemory memory =
          GuestMemory.of(blocks, List.of(AnonymousMemory.allocateHuge(arena, length)));
      long stale = (2L << 30) + Blocks.PAGE;
      List<Long> places = List.of(0L, (2L << 30) - 8, 2L << 30, (2L << 30) + 8192, length - 8);
      for (long place : places) {
        memory.segment(block).set(ValueLayout.JAVA_LONG, place, place + 1);
      }
      long late = (2L << 30) + 3 * Blocks.PAGE - 16;
      memory.segment(block).set(ValueLayout.JAVA_LONG, stale + 16, 1);
      Path file =
          save(
              memory,
              new StillGuest() {
                @Override
                public void stop() {
                  MemorySegment number = MemorySegment.ofArray(new long[] {7});
                  memory.write(block, late, number);
                  memory.write(block, stale + 16, MemorySegment.ofArray(new long[] {0}));
                }
              },
              format);
      for (long place : places) {
        memory.segment(block).set(ValueLayout.JAVA_LONG, place, -1);
      }
      for (long place : List.of(late, stale, stale + 16)) {
        memory.segment(block).set(ValueLayout.JAVA_LONG, place, -1);
      }
      try (MemoryLoad load = MemoryLoad.open(file, memory)) {
        load.load(2);
      }
      for (long place : places) {
        assertThat(memory.segment(block).get(ValueLayout.JAVA_LONG, place)).isEqualTo(place + 1);
      }
      assertThat(memory.segment(block).get(ValueLayout.JAVA_LONG, late)).isEqualTo(7);
      assertThat(memory.segment(block).get(ValueLayout.JAVA_LONG, stale)).isZero();
      assertThat(memory.segment(block).get(ValueLayout.JAVA_LONG, stale + 16)).isZero();
      if (format != SaveFormat.STREAM) {
        assertThat(SaveInfo.of(file).blocks().getFirst().present()).isEqualTo(5);
      }
    }
  }

  @Test
  void memoryMappedFromAFile() throws IOException {
    RamBlocks blocks = Blocks.of(300);
    try (Arena arena = Arena.ofShared()) {
      long length = blocks.totalBytes();
      GuestMemory memory = GuestMemory.of(blocks, List.of(map(arena, "from", length)));
      Blocks.fill(memory, new Random(1));
      GuestMemory loaded = GuestMemory.of(blocks, List.of(map(arena, "to", length)));
      try (MemoryLoad load = MemoryLoad.open(save(memory, SaveFormat.FIXED_RAM), loaded)) {
        load.load(2);
      }
      assertThat(directory.resolve("to")).hasSameBinaryContentAs(directory.resolve("from"));
    }
  }

  private MemorySegment map(Arena arena, String name, long length) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            directory.resolve(name),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, length, arena);
    }
  }

  /** Two pages, the second of which faults: they are mapped from a file that was cut off. */
  private MemorySegment cutOff(Arena arena, byte content) throws IOException {
    MemorySegment pages = map(arena, "cut", 2L * Blocks.PAGE);
    pages.fill(content);
    try (FileChannel channel =
        FileChannel.open(directory.resolve("cut"), StandardOpenOption.WRITE)) {
      channel.truncate(Blocks.PAGE);
    }
    return pages;
  }

  /**
   * A writer dies of a fault in the middle of a write: its source is mapped from a file that was
   * cut off. What it wrote before is marked, so that the last pass has it, and nobody waits for it.
   */
  @Test
  void writerThatDiesHalfWayHasMarkedWhatItWrote() throws IOException, InterruptedException {
    RamBlocks blocks = Blocks.of(8);
    RamBlock block = blocks.list().getFirst();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment source = cutOff(arena, (byte) 1);
      GuestMemory memory = GuestMemory.allocate(arena, blocks);
      List<Throwable> deaths = Collections.synchronizedList(new ArrayList<>());
      GuestControl guest =
          new StillGuest() {
            @Override
            public void stop() {
              Thread writer =
                  Thread.ofPlatform()
                      .uncaughtExceptionHandler((thread, death) -> deaths.add(death))
                      .unstarted(() -> memory.write(block, 2L * Blocks.PAGE, source));
              writer.start();
              join(writer);
            }
          };
      Migration migration =
          new Migration(memory, guest, MigrationSettings.of(Configuration.of("x")));
      Path file = directory.resolve("save");
      migration.start(Transport.file(file, new WriteOptions(DirectMode.OFF, false, 1)));
      migration.await();
      assertThat(deaths).singleElement().isInstanceOf(InternalError.class);
      assertThat(memory.segment(block).get(ValueLayout.JAVA_BYTE, 2L * Blocks.PAGE))
          .isEqualTo((byte) 1);
      GuestMemory loaded = Blocks.dirty(arena, blocks);
      try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
        load.load(1);
      }
      assertThat(loaded.segment(block).mismatch(memory.segment(block))).isEqualTo(-1);
      PageBitmap marks = new PageBitmap(8);
      memory.write(block, 0, MemorySegment.ofArray(new byte[0]));
      assertThat(memory.dirtyLog().collect(0, marks)).isZero();
    }
  }

  /**
   * The JVM reports a fault in mapped memory "at the time of the access or later" ({@link
   * java.nio.MappedByteBuffer}). Reported within the marking, it must not cost the mark.
   */
  @Test
  void faultReportedWhileMarkingLeavesTheWriteMarked() {
    RamBlocks blocks = Blocks.of(8);
    List<Long> marked = new ArrayList<>();
    DirtyLog interrupted =
        new DirtyLog() {
          private boolean reported;

          @Override
          public void mark(int block, long page, long count) {
            if (!reported) {
              reported = true;
              throw new InternalError("a fault occurred in an unsafe memory access operation");
            }
            marked.add(page);
          }

          @Override
          public long collect(int block, PageBitmap into) {
            return 0;
          }
        };
    GuestMemory memory =
        GuestMemory.of(
            blocks, List.of(MemorySegment.ofArray(new byte[8 * Blocks.PAGE])), interrupted);
    RamBlock block = blocks.list().getFirst();
    MemorySegment page = MemorySegment.ofArray(new byte[Blocks.PAGE]);
    assertThatThrownBy(() -> memory.write(block, 3L * Blocks.PAGE, page))
        .isInstanceOf(InternalError.class);
    assertThat(marked).containsExactly(3L);
  }

  /** One of several writers dies while passes are under way; the others and the save go on. */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void writerThatDiesWhileItsMemoryIsSavedHoldsUpNobody(SaveFormat format) throws IOException {
    RamBlocks blocks = Blocks.of(600, 40);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment source = cutOff(arena, (byte) 9);
      GuestMemory memory = Blocks.filled(arena, blocks, new Random(1));
      RamBlock block = blocks.list().getFirst();
      List<Throwable> deaths = Collections.synchronizedList(new ArrayList<>());
      Path file = directory.resolve("save");
      List<Thread> writers = Collections.synchronizedList(new ArrayList<>());
      try (WritingGuest guest = new WritingGuest(memory, 2).start(1)) {
        Migration migration =
            new Migration(
                memory,
                afterThem(writers, guest),
                new MigrationSettings(
                    Configuration.of("x"),
                    MigrationCapabilities.of(format),
                    MigrationParameters.defaults()
                        .withMaxBandwidth(0)
                        .withDowntimeLimit(Duration.ZERO)
                        .withMaxPasses(4)));
        migration.addListener(
            new MigrationListener() {
              @Override
              public void passBegins(long pass) {
                writers.forEach(GuestMemoryTest::join);
                writers.add(
                    Thread.ofPlatform()
                        .uncaughtExceptionHandler((thread, death) -> deaths.add(death))
                        .start(() -> memory.write(block, pass * 8L * Blocks.PAGE, source)));
              }
            });
        migration.start(Transport.file(file, new WriteOptions(DirectMode.OFF, false, 1)));
        // Fewer than 4 if nobody wrote during one of them.
        long passes = migration.await().ram().passes();
        assertThat(passes).isBetween(1L, 4L);
        assertThat(deaths).hasSize((int) passes);
        GuestMemory loaded = Blocks.dirty(arena, blocks);
        try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
          load.load(2);
        }
        for (RamBlock each : blocks.list()) {
          MemorySegment expected = MemorySegment.ofArray(guest.atStop().get(each.index()));
          assertThat(loaded.segment(each).mismatch(expected)).isEqualTo(-1);
        }
      }
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A guest that is stopped when some more writers have ended. */
  private static GuestControl afterThem(List<Thread> writers, WritingGuest guest) {
    return new GuestControl() {
      @Override
      public void stop() {
        writers.forEach(GuestMemoryTest::join);
        guest.stop();
      }

      @Override
      public DeviceState deviceState() {
        return guest.deviceState();
      }

      @Override
      public void saved() {
        guest.saved();
      }

      @Override
      public void resume() {
        guest.resume();
      }
    };
  }

  @Test
  void marksThePagesThatBytesLieIn() {
    RamBlocks blocks = Blocks.of(8);
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), blocks);
    RamBlock block = blocks.list().getFirst();
    assertThat(marked(memory, block, 4095, 1)).containsExactly(0L);
    assertThat(marked(memory, block, 4095, 2)).containsExactly(0L, 1L);
    assertThat(marked(memory, block, 4096, 4096)).containsExactly(1L);
    assertThat(marked(memory, block, 5000, 8192)).containsExactly(1L, 2L, 3L);
    assertThat(marked(memory, block, 100, 0)).isEmpty();
    assertThatThrownBy(() -> memory.markDirty(block, 8 * 4096, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> memory.markDirty(block, -1, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private static List<Long> marked(GuestMemory memory, RamBlock block, long offset, long length) {
    memory.markDirty(block, offset, length);
    PageBitmap marks = new PageBitmap(8);
    memory.dirtyLog().collect(0, marks);
    List<Long> pages = new ArrayList<>();
    for (long page = marks.nextSet(0); page < marks.pages(); page = marks.nextSet(page + 1)) {
      pages.add(page);
    }
    return pages;
  }

  @Test
  void refusesMemoryThatCannotBeUsed() {
    RamBlocks two = Blocks.of(2, 1);
    MemorySegment page = MemorySegment.ofArray(new byte[Blocks.PAGE]);
    assertThatThrownBy(() -> GuestMemory.of(two, List.of(page)))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("1 memory segments were given for 2 RAM blocks");
    assertThatThrownBy(() -> GuestMemory.of(two, List.of(page, page)))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("RAM block block-0 uses 8192 bytes, but its memory has only 4096");
    try (Arena own = Arena.ofConfined()) {
      assertThatThrownBy(() -> GuestMemory.allocate(own, two))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("allocate it from a shared arena");
    }
    RamBlocks wrong = new RamBlocks(Blocks.PAGE, List.of(new RamBlock(3, "ram", Blocks.PAGE)));
    assertThatThrownBy(() -> GuestMemory.of(wrong, List.of(page)))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("RAM block ram has index 3 but stands at 0");
  }

  @Test
  void aConfigurationOfOtherPagesIsRefused() {
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), Blocks.ofSize(16384, 1));
    Configuration small = new Configuration("x", List.of(), OptionalInt.of(12), Optional.empty());
    assertThatThrownBy(() -> new Migration(memory, new StillGuest(), MigrationSettings.of(small)))
        .isInstanceOf(FixedRamException.class)
        .hasMessage(
            "the configuration says pages of 4096 bytes, the guest's memory has pages of 16384");
  }
}
