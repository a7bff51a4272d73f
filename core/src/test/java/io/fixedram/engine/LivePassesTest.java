// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationListener;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How passes follow each other, and what decides that the guest is stopped. */
class LivePassesTest {
  private static final int PAGE = Blocks.PAGE;
  private static final MigrationParameters UNLIMITED =
      MigrationParameters.defaults().withMaxBandwidth(0).withDowntimeLimit(Duration.ZERO);

  @TempDir Path directory;

  private static void fill(GuestMemory memory, long page, long count, int value) {
    RamBlock block = memory.blocks().list().getFirst();
    byte[] content = new byte[(int) count * PAGE];
    Arrays.fill(content, (byte) value);
    memory.write(block, page * PAGE, MemorySegment.ofArray(content));
  }

  private MigrationInfo save(
      GuestMemory memory,
      GuestControl guest,
      SaveFormat format,
      MigrationParameters parameters,
      LongConsumer atPass) {
    Migration migration =
        new Migration(
            memory,
            guest,
            new MigrationSettings(
                Configuration.of("passes-1"), MigrationCapabilities.of(format), parameters));
    migration.addListener(
        new MigrationListener() {
          @Override
          public void passBegins(long pass) {
            atPass.accept(pass);
          }
        });
    migration.start(
        Transport.file(directory.resolve("save"), new WriteOptions(DirectMode.OFF, false, 1)));
    return migration.await();
  }

  /** Changes each page of the first pass just before another sink takes it. */
  private record Meddling(SaveSink target, GuestMemory memory, BitSet changed) implements SaveSink {
    @Override
    public void begin(SaveHeader header) {
      target.begin(header);
    }

    private void change(long offset, long lengthBytes) {
      for (long at = offset; at < offset + lengthBytes; at += PAGE) {
        int page = (int) (at / PAGE);
        if (!changed.get(page)) {
          changed.set(page);
          fill(memory, page, 1, page % 3);
        }
      }
    }

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      change(offset, lengthBytes);
      target.data(block, offset, from, fromOffset, lengthBytes);
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      change(offset, lengthBytes);
      target.zero(block, offset, lengthBytes);
    }

    @Override
    public void drain() {
      target.drain();
    }

    @Override
    public void end(DeviceState state) {
      target.end(state);
    }

    @Override
    public void close() {
      target.close();
    }
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void pagesThatChangeBetweenALookAndTheirCopyComeAgain(SaveFormat format) {
    RamBlocks blocks = Blocks.of(600);
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), blocks);
    fill(memory, 0, 300, 9);
    LiveMemory source =
        new LiveMemory(
            memory,
            new StillGuest(),
            Configuration.of("passes-1"),
            UNLIMITED.withMaxPasses(2),
            new Cancellation());
    try (SaveWriter writer =
        SaveWriter.create(
            directory.resolve("save"), format, new WriteOptions(DirectMode.AUTO, false, 1))) {
      source.sendTo(new Meddling(writer.sink(), memory, new BitSet()));
      writer.publish();
    }
    GuestMemory loaded = Blocks.dirty(Arena.ofAuto(), blocks);
    try (MemoryLoad load = MemoryLoad.open(directory.resolve("save"), loaded)) {
      load.load(1);
    }
    RamBlock block = blocks.list().getFirst();
    assertThat(loaded.segment(block).mismatch(memory.segment(block))).isEqualTo(-1);
  }

  /** The trap that the proposal fell into: nothing was done for a page that is zero. */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void pageThatWasDataInOnePassAndIsZeroInALaterOneIsZero(SaveFormat format) throws IOException {
    RamBlocks blocks = Blocks.of(256);
    RamBlock block = blocks.list().getFirst();
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), blocks);
    fill(memory, 0, 256, 1);
    GuestControl zeroingAtTheStop =
        new StillGuest() {
          @Override
          public void stop() {
            fill(memory, 30, 2, 0);
            fill(memory, 40, 1, 3);
          }
        };
    // What is written as a pass begins is sent in the next one.
    MigrationInfo info =
        save(
            memory,
            zeroingAtTheStop,
            format,
            UNLIMITED.withMaxPasses(4),
            pass -> {
              fill(memory, 255, 1, (int) pass);
              if (pass == 2) {
                fill(memory, 10, 20, 0);
              } else if (pass == 4) {
                fill(memory, 10, 1, 2);
              }
            });
    assertThat(info.ram().passes()).isEqualTo(4);
    assertThat(info.ram().zeroPages()).isEqualTo(22);
    GuestMemory loaded = Blocks.dirty(Arena.ofAuto(), blocks);
    try (MemoryLoad load = MemoryLoad.open(directory.resolve("save"), loaded)) {
      load.load(1);
    }
    assertThat(loaded.segment(block).mismatch(memory.segment(block))).isEqualTo(-1);
    try (PageStore save = Saves.open(directory.resolve("save"))) {
      for (BlockPlace place : save.places()) {
        assertThat(save.pages(place.block()).stored().cardinality()).isEqualTo(256 - 21);
        byte[] file = Files.readAllBytes(directory.resolve("save"));
        int region = (int) place.pagesOffset();
        assertThat(Arrays.copyOfRange(file, region, region + 256 * PAGE))
            .isEqualTo(memory.segment(block).toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  /** A guest that never writes needs one pass, and none is sent after the stop. */
  @Test
  void onePassIsEnoughForAGuestThatWritesNothing() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(100));
    MigrationInfo info = save(memory, new StillGuest(), SaveFormat.FIXED_RAM, UNLIMITED, p -> {});
    assertThat(info.ram().passes()).isEqualTo(1);
    assertThat(info.ram().normalPages()).isEqualTo(100);
    assertThat(info.ram().dirtyPagesPerSecond()).isZero();
    assertThat(info.expectedDowntime()).isZero();
  }

  @Test
  void maximumOfPassesStopsAGuestThatAlwaysWrites() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(100));
    for (int passes = 1; passes <= 5; passes++) {
      MigrationInfo info =
          save(
              memory,
              new StillGuest(),
              SaveFormat.FIXED_RAM,
              UNLIMITED.withMaxPasses(passes),
              pass -> fill(memory, 0, 100, (int) pass));
      assertThat(info.ram().passes()).isEqualTo(passes);
      assertThat(info.ram().normalPages()).isEqualTo((passes + 1) * 100L);
      assertThat(info.ram().dirtySyncCount()).isEqualTo(passes + 2);
      assertThat(info.ram().dirtyPagesPerSecond()).isZero();
      assertThat(info.expectedDowntime()).isPositive();
    }
  }

  /** What the file takes does not grow with the passes; the stream does. */
  @Test
  void fileIsBoundedAndStreamIsNot() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(100));
    for (SaveFormat format : SaveFormat.values()) {
      long[] bytes = new long[2];
      for (int i = 0; i < 2; i++) {
        MigrationInfo info =
            save(
                memory,
                new StillGuest(),
                format,
                UNLIMITED.withMaxPasses(1 + 5 * i),
                pass -> fill(memory, 0, 100, (int) pass));
        bytes[i] = info.written().orElseThrow().fileBytes();
      }
      if (format == SaveFormat.STREAM) {
        assertThat(bytes[1]).isGreaterThan(3 * bytes[0]);
      } else {
        assertThat(bytes[1]).isEqualTo(bytes[0]);
      }
    }
  }

  /**
   * The target takes a page a millisecond at most. The guest writes fewer pages in each pass; it
   * may be stopped once what is left can be sent in 60 ms, not before.
   */
  @Test
  void downtimeLimitDecidesWhenToStop() {
    int[] written = {400, 200, 100, 20, 0, 0};
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(400));
    MigrationCounters counters = new MigrationCounters();
    LiveMemory source =
        new LiveMemory(
            memory,
            new StillGuest(),
            Configuration.of("x"),
            () -> UNLIMITED.withDowntimeLimit(Duration.ofMillis(60)),
            new Cancellation(),
            counters,
            new LiveMemory.Watcher() {
              @Override
              public void passBegins(long pass) {
                fill(memory, 0, written[(int) pass - 1], (int) pass);
              }
            });
    source.sendTo(new SlowSink());
    assertThat(counters.ram().passes()).isBetween(4L, 5L);
    assertThat(counters.expectedDowntime()).isLessThan(Duration.ofMillis(60));
  }

  /** Takes a millisecond for each page. */
  private static final class SlowSink implements SaveSink {
    @Override
    public void begin(SaveHeader header) {}

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      long until = System.nanoTime() + lengthBytes / PAGE * 1_000_000;
      while (System.nanoTime() < until) {
        LockSupport.parkNanos(until - System.nanoTime());
      }
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {}

    @Override
    public void drain() {}

    @Override
    public void end(DeviceState state) {}

    @Override
    public void close() {}
  }

  /** Saves a guest that dirties 4 MiB in each pass, at 24 MiB/s; 100 ms may it stand still. */
  private MigrationInfo saveHeldDown(long switchoverBandwidth) {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(1024));
    return save(
        memory,
        new StillGuest(),
        SaveFormat.STREAM,
        UNLIMITED
            .withMaxBandwidth(24 << 20)
            .withDowntimeLimit(Duration.ofMillis(100))
            .withAvailSwitchoverBandwidth(switchoverBandwidth)
            .withMaxPasses(3),
        pass -> fill(memory, 0, 1024, (int) pass));
  }

  /**
   * Held down to 24 MiB/s, the target is not seen to take more, so that 4 MiB are not known to fit
   * into 100 ms: the guest goes on until the last pass, though its target could be faster.
   */
  @Test
  void bandwidthLimitCountsWhenTheDowntimeIsForeseen() {
    MigrationInfo info = saveHeldDown(0);
    assertThat(info.ram().passes()).isEqualTo(3);
    assertThat(info.expectedDowntime()).isGreaterThan(Duration.ofMillis(100));
  }

  /** The same guest is stopped after the first pass if its target is known to be fast enough. */
  @Test
  void knownBandwidthDecidesInstead() {
    MigrationInfo info = saveHeldDown(40 << 20);
    assertThat(info.ram().passes()).isEqualTo(1);
    assertThat(info.expectedDowntime()).isEqualTo(Duration.ofMillis(100));
  }

  /**
   * A target that works in the background, and slower than the limit: the foreseen time is true.
   */
  @Test
  void downtimeIsForeseenForATargetThatLagsBehind() throws Exception {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(2048));
    Pipe pipe = Pipe.open();
    Thread reader = Thread.ofPlatform().daemon().start(() -> readSlowly(pipe.source()));
    Migration migration =
        new Migration(
            memory,
            new StillGuest(),
            new MigrationSettings(
                Configuration.of("x"),
                MigrationCapabilities.of(),
                MigrationParameters.defaults()
                    .withMaxBandwidth(512 << 20)
                    .withDowntimeLimit(Duration.ofMillis(50))
                    .withMaxPasses(3)));
    migration.addListener(
        new MigrationListener() {
          @Override
          public void passBegins(long pass) {
            fill(memory, 0, 2048, (int) pass);
          }
        });
    migration.start(Transport.channel(pipe.sink(), "a slow pipe"));
    MigrationInfo info = migration.await();
    reader.join();
    assertThat(info.ram().passes()).isEqualTo(3);
    assertThat(info.expectedDowntime()).isGreaterThan(info.downtime().dividedBy(4));
  }

  /** At 32 MiB/s at the most. */
  private static void readSlowly(Pipe.SourceChannel source) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 15);
    try {
      while (source.read(buffer.clear()) >= 0) {
        LockSupport.parkNanos(1_000_000);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void bandwidthLimitHoldsWhileTheGuestRuns() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(1024));
    MigrationInfo info =
        save(
            memory,
            new StillGuest(),
            SaveFormat.FIXED_RAM,
            UNLIMITED.withMaxBandwidth(8 << 20),
            pass -> {});
    // 4 MiB at 8 MiB/s, less what may be sent ahead of time.
    assertThat(info.totalTime()).isGreaterThan(Duration.ofMillis(350));
    assertThat(info.ram().bytesPerSecond()).isLessThan(12 << 20);
  }

  /** 16 MiB at 1 MiB/s would take 16 s; nothing holds them back once the guest stands still. */
  @Test
  void bandwidthLimitDoesNotHoldOnceTheGuestIsStopped() {
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), Blocks.of(4096));
    GuestControl writingAtTheStop =
        new StillGuest() {
          @Override
          public void stop() {
            fill(memory, 0, 4096, 1);
          }
        };
    MigrationInfo info =
        save(
            memory,
            writingAtTheStop,
            SaveFormat.FIXED_RAM,
            UNLIMITED.withMaxBandwidth(1 << 20),
            pass -> {});
    assertThat(info.ram().normalPages()).isEqualTo(4096);
    assertThat(info.downtime()).isLessThan(Duration.ofSeconds(10));
  }

  /** Long before the first pass ends there is a rate, and a downtime to be expected: the limit. */
  @Test
  void rateIsToldWithinAPass() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(4096));
    Migration migration =
        new Migration(
            memory,
            new StillGuest(),
            new MigrationSettings(
                Configuration.of("x"),
                MigrationCapabilities.of(),
                MigrationParameters.defaults().withMaxBandwidth(4 << 20)));
    migration.start(
        Transport.file(directory.resolve("save"), new WriteOptions(DirectMode.OFF, false, 1)));
    long until = System.nanoTime() + 10_000_000_000L;
    while (migration.info().ram().bytesPerSecond() == 0 && System.nanoTime() < until) {
      LockSupport.parkNanos(1_000_000);
    }
    MigrationInfo early = migration.info();
    assertThat(early.ram().remainingBytes()).isPositive();
    assertThat(early.ram().bytesPerSecond()).isPositive();
    assertThat(early.expectedDowntime()).isEqualTo(Duration.ofMillis(300));
    migration.setParameters(UNLIMITED);
    MigrationInfo info = migration.await();
    double whole = info.ram().transferredBytes() * 1e9 / info.totalTime().toNanos();
    assertThat((double) info.ram().bytesPerSecond()).isBetween(whole, 2 * whole);
  }

  /** As QEMU tells it: once before the first pass, after each, and once while the guest stands. */
  @Test
  void tellsEachReadingOfTheLog() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(10));
    List<Long> told = Collections.synchronizedList(new ArrayList<>());
    Migration migration =
        new Migration(
            memory,
            new StillGuest(),
            new MigrationSettings(
                Configuration.of("x"), MigrationCapabilities.of(), UNLIMITED.withMaxPasses(2)));
    migration.addListener(
        new MigrationListener() {
          @Override
          public void passBegins(long pass) {
            fill(memory, 0, 10, (int) pass);
          }

          @Override
          public void dirtyLogRead(long count) {
            told.add(count);
          }
        });
    migration.start(
        Transport.file(directory.resolve("save"), new WriteOptions(DirectMode.OFF, false, 1)));
    assertThat(migration.await().ram().dirtySyncCount()).isEqualTo(4);
    assertThat(told).containsExactly(1L, 2L, 3L, 4L);
  }

  @Test
  void countsWhatRemains() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(100));
    List<Long> remaining = new ArrayList<>();
    Migration migration =
        new Migration(
            memory,
            new StillGuest() {
              @Override
              public void stop() {
                fill(memory, 0, 7, 1);
              }
            },
            new MigrationSettings(
                Configuration.of("x"), MigrationCapabilities.of(), UNLIMITED.withMaxPasses(2)));
    migration.addListener(
        new MigrationListener() {
          @Override
          public void passBegins(long pass) {
            remaining.add(migration.info().ram().remainingBytes());
            fill(memory, 0, 30, 2);
          }
        });
    migration.start(
        Transport.file(directory.resolve("save"), new WriteOptions(DirectMode.OFF, false, 1)));
    assertThat(migration.await().ram().remainingBytes()).isZero();
    assertThat(remaining).containsExactly(100L * PAGE, 30L * PAGE);
  }

  /** Zeros take time too, and little of it: a guest that writes nothing else is caught up with. */
  @Test
  void guestThatWritesZerosConverges() {
    GuestMemory memory = GuestMemory.allocate(Arena.ofAuto(), Blocks.of(100));
    MigrationInfo info =
        save(
            memory,
            new StillGuest(),
            SaveFormat.FIXED_RAM,
            UNLIMITED.withDowntimeLimit(Duration.ofSeconds(10)),
            pass -> fill(memory, 0, 50, 0));
    assertThat(info.ram().passes()).isEqualTo(1);
    assertThat(info.expectedDowntime()).isPositive().isLessThan(Duration.ofSeconds(10));
    assertThat(info.ram().zeroPages()).isEqualTo(150);
  }

  /** Marks that were there before say nothing of how fast the guest writes now. */
  @Test
  void oldMarksAreNoRate() {
    GuestMemory memory = Blocks.dirty(Arena.ofAuto(), Blocks.of(100));
    memory.markDirty(memory.blocks().list().getFirst(), 0, 100 * PAGE);
    List<Long> rates = new ArrayList<>();
    Migration migration =
        new Migration(memory, new StillGuest(), MigrationSettings.of(Configuration.of("x")));
    migration.addListener(
        new MigrationListener() {
          @Override
          public void passBegins(long pass) {
            rates.add(migration.info().ram().dirtyPagesPerSecond());
          }
        });
    migration.start(
        Transport.file(directory.resolve("save"), new WriteOptions(DirectMode.OFF, false, 1)));
    migration.await();
    assertThat(rates).containsExactly(0L);
  }
}
