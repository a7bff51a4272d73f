// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Names;
import io.fixedram.bench.result.Sample;
import io.fixedram.bench.result.SuiteResult;
import io.fixedram.cancel.Cancellation;
import io.fixedram.engine.GuestControl;
import io.fixedram.engine.Migration;
import io.fixedram.engine.Transport;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Descriptor;
import io.fixedram.stream.OpaqueDevice;
import io.fixedram.write.WriteOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Measures a save of memory of this process with constant random content. */
final class EngineSuite {
  private static final long CHECKED_BYTES = 16L << 20;

  private static final int PAGE_BYTES = 4096;
  private static final String CONFIGURATION = "fixedram-bench-1";

  private final Venue venue;
  private final Path target;
  private final long bytes;

  EngineSuite(Venue venue) {
    this.venue = venue;
    this.target = venue.file("engine");
    this.bytes = (long) venue.settings().size().usedMebibytes() << 20;
  }

  SuiteResult run() {
    venue.listener().step("engine: filling memory");
    try (Arena arena = Arena.ofShared()) {
      MemorySegment content = AnonymousMemory.allocate(arena, bytes);
      fill(content);
      GuestMemory memory =
          GuestMemory.of(
              new RamBlocks(PAGE_BYTES, List.of(new RamBlock(0, "memory", bytes))),
              List.of(content));
      Rival limit = DiskTool.writing(venue, bytes);
      List<Rival> rivals =
          List.of(
              Rival.of(Names.ENGINE, () -> save(memory)),
              Rival.of("plain copy of the memory", () -> copy(content)),
              limit);
      return new SuiteResult(
          Suite.ENGINE.text(),
          Suite.ENGINE.title(),
          List.of(Metric.SECONDS),
          Optional.of(limit.name()),
          venue.contest(Suite.ENGINE).run(rivals, venue.settings().rounds()),
          List.of(
              "The engine runs in this process. The plain copy writes large pieces from two threads,"
                  + " past the page cache if the file system supports it."));
    }
  }

  private void fill(MemorySegment content) {
    SplittableRandom random = new SplittableRandom(1);
    for (long at = 0; at < content.byteSize(); at += Long.BYTES) {
      if (at % CHECKED_BYTES == 0) {
        venue.cancellation().throwIfCancelled();
      }
      content.set(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
  }

  private Sample save(GuestMemory memory) {
    Migration migration =
        new Migration(
            memory,
            new StillGuest(),
            new MigrationSettings(
                Configuration.of(CONFIGURATION),
                MigrationCapabilities.of(MigrationCapability.FIXED_RAM),
                MigrationParameters.defaults().withMaxBandwidth(0)));
    try (Cancellation.Registration _ = venue.cancellation().onCancel(migration::cancel)) {
      long startNanos = System.nanoTime();
      migration.start(Transport.file(target, WriteOptions.defaults()));
      var _ = migration.await();
      return Sample.of(Metric.SECONDS, (System.nanoTime() - startNanos) / 1e9);
    } finally {
      Disk.remove(target);
    }
  }

  private Sample copy(MemorySegment content) {
    try (Descriptor file = Descriptor.open(target, Descriptor.Mode.CREATE)) {
      long startNanos = System.nanoTime();
      PlainCopy.run(content, file, venue.cancellation());
      return Sample.of(Metric.SECONDS, (System.nanoTime() - startNanos) / 1e9);
    } finally {
      Disk.remove(target);
    }
  }

  /** A guest that never writes. */
  private static final class StillGuest implements GuestControl {
    @Override
    public void stop() {}

    @Override
    public DeviceState deviceState() {
      return new OpaqueDevice("bench", 1, MemorySegment.ofArray(new byte[1])).toDeviceState();
    }

    @Override
    public void resume() {}
  }
}
