// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.guest.RamBlock;
import io.fixedram.os.Descriptor;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.guest.SerialReport;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Live saves in place. */
class LiveMemorySaveTest extends QemuTest {
  private static final int MIB = 1 << 20;

  private GuestSave live(RunningQemu qemu) {
    return GuestSave.of(qemu.qmp(), file()).mode(SaveMode.MEMORY).listener(recorder);
  }

  private static GuestSpec twoNodes(String second) {
    return GuestSpec.small()
        .running(
            new MemoryGuest(List.of(new Region(16 << 20, 4096), new Region(32 << 20, 4096)), 0))
        .with("-object", "memory-backend-ram,id=one,size=32M", "-numa", "node,memdev=one")
        .with("-object", second + ",id=two,size=32M", "-numa", "node,memdev=two");
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  QEMU_7,  STREAM",
    "QEMU_7,  QEMU_10, NATIVE",
    "QEMU_10, QEMU_7,  MEMORY",
    "QEMU_10, QEMU_10, LAZY",
  })
  void savesAndRestores(TestedQemu from, TestedQemu to, RestoreMode mode) throws Exception {
    String saved;
    try (RunningQemu qemu = boot(from, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      SaveReport report = live(qemu).run();
      assertThat(report.mode()).isEqualTo(SaveMode.MEMORY);
      assertThat(report.downtimeSeconds()).isPositive();
      assertThat(report.predictedDowntimeSeconds()).isPresent();
      assertThat(report.resumedBeforeDurable()).isFalse();
      assertThat(report.passes()).isGreaterThanOrEqualTo(2);
      assertThat(report.liveUnderTcg()).isFalse();
      assertThat(qemu.status()).isEqualTo("paused");
      saved = qemu.serial();
      qemu.kill();
    }
    try (RunningQemu qemu = waiting(to, GuestSpec.small());
        RestoredGuest guest =
            GuestRestore.of(file(), qemu.qmp()).mode(mode).listener(recorder).run()) {
      assertThat(guest.awaitResident().mode()).isEqualTo(mode);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @ParameterizedTest
  @CsvSource({"QEMU_7, -1", "QEMU_10, -1", "QEMU_7, 0", "QEMU_10, 0", "QEMU_10, 4"})
  void letsTheGuestGoOn(TestedQemu version, int asideMebibytes) throws Exception {
    GuestSpec spec = twoNodes("memory-backend-ram");
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.awaitGeneration(3);
      String before = qemu.migrationSettings();
      GuestSave request = live(qemu).then(AfterSave.RESUME);
      SaveReport report =
          (asideMebibytes < 0 ? request : request.asideBytes((long) asideMebibytes << 20)).run();
      assertThat(report.resumedBeforeDurable()).isTrue();
      assertThat(qemu.status()).isEqualTo("running");
      assertThat(qemu.migrationSettings()).isEqualTo(before);
      assertThat(recorder.warnings()).isEmpty();
      qemu.assertGoesOn();
    }
    try (RunningQemu qemu = waiting(version, spec);
        RestoredGuest guest = GuestRestore.of(file(), qemu.qmp()).mode(RestoreMode.STREAM).run()) {
      guest.awaitResident();
      RunningQemu.await("five generations", () -> generations(restoredSerial()) >= 5);
      SerialReport report = SerialReport.of(restoredSerial());
      assertThat(report.firstBad()).isEmpty();
      assertThat(report.consecutive()).isTrue();
    }
  }

  private static long generations(String serial) {
    SerialReport report = SerialReport.of(serial);
    return report.lastGeneration().orElse(0) - report.firstGeneration().orElse(0);
  }

  private String restoredSerial() {
    return RunningQemu.serial(directory, "restored");
  }

  /** Balloons and free page reporting take pages from a guest, which are zero then. */
  @ParameterizedTest
  @EnumSource
  void pagesThatAreTakenAwayBetweenPasses(TestedQemu version) throws Exception {
    Path memory = Path.of("/dev/shm/fixedram-live-" + ProcessHandle.current().pid());
    GuestSpec spec =
        GuestSpec.small()
            .with("-object", "memory-backend-file,id=ram,size=64M,share=on,mem-path=" + memory)
            .with("-machine", "memory-backend=ram");
    try (RunningQemu qemu = boot(version, spec)) {
      qemu.awaitGeneration(3);
      // Where the guest has nothing.
      try (RandomAccessFile file = new RandomAccessFile(memory.toFile(), "rw")) {
        file.seek(40 * MIB);
        for (int i = 0; i < 4; i++) {
          byte[] content = new byte[MIB];
          Arrays.fill(content, (byte) (i + 1));
          file.write(content);
        }
      }
      recorder.beforeTheStop(() -> {
        try (Descriptor file = Descriptor.open(memory, Descriptor.Mode.EXISTING)) {
          assertThat(file.punchHole(40 * MIB, MIB)).isTrue();
          file.write(41 * MIB, new byte[MIB]);
        }
      });
      SaveReport report = live(qemu).then(AfterSave.RESUME).run();
      assertThat(report.passes()).isGreaterThanOrEqualTo(2);
      qemu.assertGoesOn();
    } finally {
      Files.deleteIfExists(memory);
    }
    try (PageStore saved = Saves.open(file())) {
      RamBlock ram =
          saved.blocks().stream().filter(each -> each.usedLength() == 64 * MIB).findFirst().get();
      PageMap pages = saved.pages(ram);
      assertThat(pages.stored().isAnySet(40 * MIB / 4096, 2 * MIB / 4096)).isFalse();
      assertThat(pages.stored().nextClear(42 * MIB / 4096)).isEqualTo(44 * MIB / 4096);
    }
  }

  @Test
  void stoppedByAnother() throws Exception {
    try (RunningQemu qemu = boot(TestedQemu.QEMU_10, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      recorder.beforeTheStop(() -> qemu.observer().execute("stop"));
      SaveReport report = live(qemu).then(AfterSave.RESUME).run();
      assertThat(report.resumedBeforeDurable()).isFalse();
      assertThat(qemu.status()).isEqualTo("paused");
      assertThat(recorder.warnings())
          .anyMatch(warning -> warning.contains("another client of QEMU stopped the guest"));
      assertThat(file()).exists();
    }
  }

  /** At many moments: before the stop, in it, and after it. */
  @ParameterizedTest
  @EnumSource
  void cancelled(TestedQemu version) throws Exception {
    try (RunningQemu qemu = boot(version, GuestSpec.small())) {
      qemu.awaitGeneration(3);
      for (int i = 0; i < 12; i++) {
        Cancellation cancellation = new Cancellation();
        int delay = 4 * i;
        recorder.beforeTheStop(() ->
            CompletableFuture.delayedExecutor(delay, TimeUnit.MILLISECONDS)
                .execute(cancellation::cancel));
        try {
          var _ = live(qemu).then(AfterSave.RESUME).cancellation(cancellation).run();
          assertThat(Files.deleteIfExists(file())).isTrue();
        } catch (CancelledException e) {
          assertNoFileLeft();
        }
        assertThat(qemu.status()).as("after %d ms", delay).isEqualTo("running");
      }
      qemu.assertGoesOn();
    }
  }
}
