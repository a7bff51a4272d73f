// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.store.PageStore;
import io.fixedram.store.RamPages;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What tests of a real QEMU's memory have in common. */
@Tag("qemu")
@Timeout(120)
abstract class MemoryTest {
  @TempDir Path directory;

  RunningQemu boot(TestedQemu version, GuestSpec spec) throws IOException {
    return RunningQemu.boot(version, spec, directory);
  }

  /** Boots a guest that has written its memory, and stops it. */
  RunningQemu bootAndStop(TestedQemu version, GuestSpec spec) throws IOException {
    RunningQemu qemu = boot(version, spec);
    try {
      qemu.awaitGeneration(3);
      qemu.observer().execute("stop");
      return qemu;
    } catch (RuntimeException | Error e) {
      qemu.close();
      throw e;
    }
  }

  /** Has QEMU itself migrate a guest into a file. */
  Path migrated(RunningQemu qemu) {
    Path file = directory.resolve("migrated.save");
    qemu.migrate("exec:cat >" + file);
    return file;
  }

  /** Writes a store into a file. */
  Path written(PageStore store) {
    Path file = directory.resolve("memory.save");
    try (SaveWriter writer =
        SaveWriter.create(file, SaveFormat.MAPPED_RAM, WriteOptions.defaults())) {
      store.sendTo(writer.sink());
      writer.publish(new Cancellation());
    }
    return file;
  }

  /** Compares the memory of a stopped guest with what QEMU itself migrates. */
  static void assertSameAsMigrated(RunningQemu qemu, MemoryTest test) {
    try (QmpClient qmp = QmpClient.connect(qemu.spareQmp());
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty())) {
      assertThat(memory.process().id()).isEqualTo((int) qemu.process().pid());
      RamPages store = memory.pages();
      try (PageStore saved = Saves.open(test.migrated(qemu))) {
        StoredBlocks.assertSame(store, saved);
      }
      memory.checkUnchanged();
    }
  }

  RestoreReport restore(Path file, RunningQemu into, RestoreMode mode, boolean paused) {
    GuestRestore request = GuestRestore.of(file, into.qmp()).mode(mode);
    try (RestoredGuest guest = (paused ? request.paused() : request).run()) {
      return guest.awaitResident();
    }
  }
}
