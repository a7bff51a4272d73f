// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.engine.Migration;
import io.fixedram.engine.Transport;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationSettings;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Part of the demo: a guest inside this process, saved while it keeps writing, once as a sequential
 * stream and once at fixed offsets. Each save is loaded into other memory and compared with the
 * guest's memory byte by byte.
 */
final class EmbeddedAct {
  private static final int LOAD_THREADS = 2;
  private static final Map<MigrationCapability, Boolean> NO_FIXED_OFFSETS =
      Map.of(MigrationCapability.FIXED_RAM, false, MigrationCapability.MAPPED_RAM, false);

  private final DemoSettings settings;
  private final ScratchDirectory directory;
  private final Consumer<String> lines;
  private final Cancellation cancellation;

  EmbeddedAct(
      DemoSettings settings,
      ScratchDirectory directory,
      Consumer<String> lines,
      Cancellation cancellation) {
    this.settings = settings;
    this.directory = directory;
    this.lines = lines;
    this.cancellation = cancellation;
  }

  /**
   * Saves and loads the guest twice.
   *
   * @throws FixedRamException if the settings leave nothing to compare, or a save would not end
   */
  List<DemoAct> run() {
    MigrationCapabilities capabilities = settings.capabilities();
    if (!capabilities.hasFixedOffsets()) {
      throw new FixedRamException(
          "the demo compares a stream with fixed offsets: leave fixed-ram on, or switch mapped-ram"
              + " on");
    }
    if (capabilities.has(MigrationCapability.PAUSE_BEFORE_SWITCHOVER)) {
      throw new FixedRamException(
          "with pause-before-switchover a migration waits for a QMP client: add --serve PATH");
    }
    if (settings.parameters().maxPasses() == 0) {
      throw new FixedRamException(
          "the demo's guest writes faster than it is saved, which ends with the last pass: give"
              + " x-max-passes=1 or more");
    }
    DemoAct stream = saveAndLoad(capabilities.with(NO_FIXED_OFFSETS));
    DemoAct fixed = saveAndLoad(capabilities);
    row("", "sequential stream", capabilities.format().text());
    row("passes over the RAM", stream.passes() + "", fixed.passes() + "");
    row("bytes written", bytes(stream.writtenBytes()), bytes(fixed.writtenBytes()));
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

  private DemoAct saveAndLoad(MigrationCapabilities capabilities) {
    SaveFormat format = capabilities.format();
    Path file = directory.resolve("embedded." + format.text());
    try (EmbeddedGuest guest = new EmbeddedGuest(settings.ramBytes())) {
      MigrationInfo info = save(guest, capabilities, file);
      Loaded loaded = load(guest, file);
      WrittenSave written = info.written().orElseThrow();
      return new DemoAct(
          "embedded, live, " + format.text(),
          loaded.identical,
          written.ramBytes(),
          info.ram().passes(),
          written.writtenBytes(),
          written.fileBytes(),
          written.diskBytes(),
          info.totalTime().toNanos() / 1e9,
          info.downtime().toNanos() / 1e9,
          loaded.seconds);
    }
  }

  private MigrationInfo save(EmbeddedGuest guest, MigrationCapabilities capabilities, Path file) {
    Migration migration =
        new Migration(
            guest.memory(),
            guest,
            new MigrationSettings(
                EmbeddedGuest.configuration(), capabilities, settings.parameters()));
    migration.start(Transport.file(file, WriteOptions.defaults()));
    try (Cancellation.Registration _ = cancellation.onCancel(migration::cancel)) {
      return migration.await();
    }
  }

  /** Result of a load. */
  private record Loaded(double seconds, boolean identical) {}

  /** Loads into memory filled with other content, since a load must write zeros too. */
  private Loaded load(EmbeddedGuest guest, Path file) {
    GuestMemory saved = guest.memory();
    try (Arena arena = Arena.ofShared()) {
      GuestMemory loaded = GuestMemory.allocate(arena, saved.blocks());
      for (RamBlock block : loaded.blocks().list()) {
        loaded.segment(block).fill((byte) 0x5a);
      }
      long start = System.nanoTime();
      try (MemoryLoad load = MemoryLoad.open(file, loaded);
          Cancellation.Registration _ = cancellation.onCancel(load::cancel)) {
        MemorySegment state = load.load(LOAD_THREADS).bytes();
        double seconds = Amounts.secondsBetween(start, System.nanoTime());
        boolean identical =
            state.mismatch(guest.deviceState().bytes()) == -1
                && saved.blocks().list().stream()
                    .allMatch(block -> saved.segment(block).mismatch(loaded.segment(block)) == -1);
        return new Loaded(seconds, identical);
      }
    }
  }
}
