// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.cli.console.Amounts;
import io.fixedram.engine.GuestMemory;
import io.fixedram.engine.MemoryLoad;
import io.fixedram.engine.Migration;
import io.fixedram.engine.MigrationCapabilities;
import io.fixedram.engine.MigrationInfo;
import io.fixedram.engine.MigrationParameters;
import io.fixedram.engine.MigrationSettings;
import io.fixedram.engine.Transport;
import io.fixedram.file.WriteOptions;
import io.fixedram.file.WrittenSave;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Cancellation;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * A guest inside this process, saved while it keeps writing: once as a sequential stream, once at
 * fixed offsets. Each save is loaded into other memory and compared with the guest's byte by byte.
 */
final class EmbeddedAct {
  private static final int PASSES = 10;
  private static final int LOAD_THREADS = 2;
  private static final Duration DOWNTIME_LIMIT = Duration.ofMillis(1);

  /** The guest writes so many times faster than it is saved: left alone, that would not end. */
  private static final int DIRTY_FACTOR = 2;

  private final long ramBytes;
  private final ScratchDirectory directory;
  private final Consumer<String> lines;
  private final Cancellation cancellation;

  EmbeddedAct(
      long ramBytes,
      ScratchDirectory directory,
      Consumer<String> lines,
      Cancellation cancellation) {
    this.ramBytes = ramBytes;
    this.directory = directory;
    this.lines = lines;
    this.cancellation = cancellation;
  }

  List<DemoAct> run() {
    DemoAct stream = saveAndLoad(SaveFormat.STREAM);
    DemoAct fixed = saveAndLoad(SaveFormat.FIXED_RAM);
    row("", "sequential stream", "fixed-ram");
    row("passes over the RAM", stream.passes() + "", fixed.passes() + "");
    row("pages saved", bytes(stream.writtenBytes()), bytes(fixed.writtenBytes()));
    row("size of the file", bytes(stream.fileBytes()), bytes(fixed.fileBytes()));
    row("space on disk", bytes(stream.diskBytes()), bytes(fixed.diskBytes()));
    row("time to save", time(stream.saveSeconds()), time(fixed.saveSeconds()));
    row("the guest stood still", time(stream.downtimeSeconds()), time(fixed.downtimeSeconds()));
    row("time to load", time(stream.restoreSeconds()), time(fixed.restoreSeconds()));
    row("compared byte by byte", verdict(stream), verdict(fixed));
    return List.of(stream, fixed);
  }

  private void row(String what, String stream, String fixed) {
    lines.accept(String.format("  %-24s%-20s%s", what, stream, fixed).stripTrailing());
  }

  private static String bytes(long bytes) {
    return Amounts.bytes(bytes);
  }

  private static String time(double seconds) {
    return Amounts.seconds(seconds);
  }

  private static String verdict(DemoAct act) {
    return act.identical() ? "identical" : "DIFFERENT";
  }

  private DemoAct saveAndLoad(SaveFormat format) {
    Path file = directory.resolve("embedded." + format.text());
    try (EmbeddedGuest guest = new EmbeddedGuest(ramBytes, ramBytes * DIRTY_FACTOR)) {
      MigrationInfo info = save(guest, format, file);
      long loadStart = System.nanoTime();
      boolean identical = loadsAs(guest.memory(), file);
      double loadSeconds = Amounts.secondsBetween(loadStart, System.nanoTime());
      WrittenSave written = info.written().orElseThrow();
      return new DemoAct(
          "embedded, live, " + format.text(),
          identical,
          written.ramBytes(),
          info.ram().passes(),
          info.ram().normalBytes(),
          written.fileBytes(),
          written.diskBytes(),
          info.totalTime().toNanos() / 1e9,
          info.downtime().toNanos() / 1e9,
          loadSeconds);
    }
  }

  private MigrationInfo save(EmbeddedGuest guest, SaveFormat format, Path file) {
    MigrationParameters parameters =
        MigrationParameters.defaults()
            .withMaxBandwidth(ramBytes)
            .withDowntimeLimit(DOWNTIME_LIMIT)
            .withMaxPasses(PASSES);
    Migration migration =
        new Migration(
            guest.memory(),
            guest,
            new MigrationSettings(
                EmbeddedGuest.configuration(), MigrationCapabilities.of(format), parameters));
    migration.start(Transport.file(file, WriteOptions.defaults()));
    try (Cancellation.Registration _ = cancellation.onCancel(migration::cancel)) {
      return migration.await();
    }
  }

  /** Loads into memory that was not fresh, since a load must make zeros too. */
  private boolean loadsAs(GuestMemory saved, Path file) {
    try (Arena arena = Arena.ofShared()) {
      GuestMemory loaded = GuestMemory.allocate(arena, saved.blocks());
      for (RamBlock block : loaded.blocks().list()) {
        loaded.segment(block).fill((byte) 0x5a);
      }
      try (MemoryLoad load = MemoryLoad.open(file, loaded)) {
        load.load(LOAD_THREADS);
      }
      return saved.blocks().list().stream()
          .allMatch(block -> saved.segment(block).mismatch(loaded.segment(block)) == -1);
    }
  }
}
