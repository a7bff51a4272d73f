// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.transfer.ServingState;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests that run while their pages are served. */
class LazyRestoreTest extends QemuTest {

  @TempDir static Path saves;

  private Path hotFile() {
    return file().resolveSibling(file().getFileName() + ".hot");
  }

  /** What the guest had printed; saves of the small guest are made once and copied. */
  private String saveGuest(TestedQemu version, GuestSpec spec, SaveFormat format) throws Exception {
    Path saved = saves.resolve(version + "." + format);
    Path printed = saves.resolve(version + "." + format + ".serial");
    if (spec.equals(GuestSpec.small()) && Files.exists(printed)) {
      Files.copy(saved, file());
      return Files.readString(printed);
    }
    String serial;
    try (RunningQemu source = boot(version, spec)) {
      source.awaitGeneration(3);
      save(request(source).stopFirst().format(format));
      serial = source.serial();
    }
    if (spec.equals(GuestSpec.small())) {
      Files.copy(file(), saved);
      Files.writeString(printed, serial);
    }
    return serial;
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7, MAPPED_RAM",
    "QEMU_7, FIXED_RAM",
    "QEMU_10, MAPPED_RAM",
    "QEMU_10, FIXED_RAM"
  })
  void goesOnWhereItWas(TestedQemu version, SaveFormat format) throws Exception {
    String saved = saveGuest(version, GuestSpec.small(), format);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      String before = target.migrationSettings();
      RestoreReport report = restore(target, RestoreMode.LAZY);
      RunningQemu.assertGoesOn(saved, directory, "restored");
      assertThat(target.migrationSettings()).isEqualTo(before);
      ServingState serving = report.serving().orElseThrow();
      assertThat(serving.faults()).isPositive();
      assertThat(serving.residentSeconds().orElseThrow()).isGreaterThan(report.runningSeconds());
      assertThat(serving.faultMedianSeconds().orElseThrow())
          .isLessThanOrEqualTo(serving.faultP99Seconds().orElseThrow());
      assertThat(report.pageBytes()).isBetween(8L << 20, report.ramBytes());
      assertThat(hotFile()).exists();
    }
  }

  @ParameterizedTest
  @EnumSource
  void paused(TestedQemu version) throws Exception {
    String saved = saveGuest(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      restore(target, RestoreMode.LAZY, true);
      assertThat(target.status()).isEqualTo("paused");
      assertThat(target.serial()).isEmpty();
      target.observer().execute("cont");
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  /** Saved while it was stopped, so that QEMU would leave it so. */
  @ParameterizedTest
  @EnumSource
  void runsThoughItWasSavedPaused(TestedQemu version) throws Exception {
    String saved;
    try (RunningQemu source = boot(version, GuestSpec.small())) {
      source.awaitGeneration(3);
      source.observer().execute("stop");
      save(request(source));
      saved = source.serial();
    }
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      restore(target, RestoreMode.LAZY);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @ParameterizedTest
  @EnumSource
  void above4GiB(TestedQemu version) throws Exception {
    MemoryGuest program =
        new MemoryGuest(List.of(new Region(16 << 20, 1024), new Region(5L << 30, 1024)), 0);
    GuestSpec spec = GuestSpec.small().running(program).withRam(4608);
    String saved = saveGuest(version, spec, SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, spec)) {
      restore(target, RestoreMode.LAZY);
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  /** Each of ten guests starts from the same save. */
  @ParameterizedTest
  @EnumSource
  void tenRestoresOfOneSave(TestedQemu version) throws Exception {
    String saved = saveGuest(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    byte[] content = Files.readAllBytes(file());
    for (int i = 0; i < 10; i++) {
      String name = "restored" + i;
      try (RunningQemu target = RunningQemu.waiting(version, GuestSpec.small(), directory, name)) {
        restore(target, RestoreMode.LAZY);
        RunningQemu.assertGoesOn(saved, directory, name);
      }
    }
    assertThat(Files.readAllBytes(file())).isEqualTo(content);
    assertThat(hotFile()).exists();
  }

  /** Each round of the guest goes through all of it, from the first moment on. */
  @ParameterizedTest
  @EnumSource
  void touchesAllOfItsMemoryAtOnce(TestedQemu version) throws Exception {
    MemoryGuest program = new MemoryGuest(List.of(new Region(2 << 20, 28_000)), 0);
    GuestSpec spec = GuestSpec.small().withRam(128).running(program);
    String saved = saveGuest(version, spec, SaveFormat.FIXED_RAM);
    try (RunningQemu target = waiting(version, spec)) {
      assertThat(restore(target, RestoreMode.LAZY).serving().orElseThrow().faults()).isPositive();
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  /**
   * QEMU's main thread, too, waits for pages, most of them zero, from the first moment to the last.
   */
  @ParameterizedTest
  @EnumSource
  void readByQemuAllTheWhile(TestedQemu version) throws Exception {
    GuestSpec spec = GuestSpec.small().withRam(512);
    String saved = saveGuest(version, spec, SaveFormat.MAPPED_RAM);
    for (int i = 0; i < 3; i++) {
      String name = "restored" + i;
      try (RunningQemu target = RunningQemu.waiting(version, spec, directory, name)) {
        AtomicBoolean resident = new AtomicBoolean();
        Random random = new Random(i);
        CompletableFuture<Void> reading =
            CompletableFuture.runAsync(
                () -> {
                  while (!resident.get()) {
                    target
                        .observer()
                        .execute(
                            "pmemsave",
                            Map.of(
                                "val", (long) random.nextInt(128) << 22,
                                "size", 4 << 20,
                                "filename", "/dev/null"));
                  }
                },
                task -> Thread.ofPlatform().start(task));
        try {
          assertThat(restore(target, RestoreMode.LAZY).serving().orElseThrow().faults())
              .isPositive();
        } finally {
          resident.set(true);
        }
        reading.join();
        RunningQemu.assertGoesOn(saved, directory, name);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void threeClonesAtOnce(TestedQemu version) throws Exception {
    String saved = saveGuest(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    List<RunningQemu> clones = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        clones.add(RunningQemu.waiting(version, GuestSpec.small(), directory, "clone" + i));
      }
      clones.stream()
          .map(clone ->
              CompletableFuture.runAsync(
                  () -> restore(clone, RestoreMode.LAZY), task -> Thread.ofPlatform().start(task)))
          .toList()
          .forEach(CompletableFuture::join);
      for (int i = 0; i < 3; i++) {
        RunningQemu.assertGoesOn(saved, directory, "clone" + i);
      }
    } finally {
      clones.forEach(RunningQemu::close);
    }
  }

  @Test
  void damagedHotFileDoesNoHarm() throws Exception {
    saveGuest(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Files.write(hotFile(), new byte[] {0x46, 0x52, 0x48, 0x54, 1});
    try (RunningQemu target = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      restore(target, RestoreMode.LAZY);
      assertThat(recorder.notes()).anyMatch(note -> note.contains("is ignored"));
      assertThat(Files.size(hotFile())).isGreaterThan(5);
    }
  }

  @ParameterizedTest
  @EnumSource
  void canBeSavedAgainAfterwards(TestedQemu version) throws Exception {
    saveGuest(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      restore(target, RestoreMode.LAZY);
      save(request(target));
      String saved = target.serial();
      try (RunningQemu next =
          RunningQemu.waiting(version, GuestSpec.small(), directory, "restored2")) {
        restore(next, RestoreMode.LAZY);
        RunningQemu.assertGoesOn(saved, directory, "restored2");
      }
    }
  }

  @Test
  void streamsCannotBeServed() throws Exception {
    saveGuest(TestedQemu.QEMU_7, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    Path stream = directory.resolve("guest.stream");
    try (PageStore save = Saves.open(file());
        var writer =
            io.fixedram.write.SaveWriter.create(
                stream, SaveFormat.STREAM, io.fixedram.write.WriteOptions.defaults())) {
      save.sendTo(writer.sink());
      writer.publish();
    }
    try (RunningQemu target = waiting(TestedQemu.QEMU_7, GuestSpec.small())) {
      GuestRestore request = GuestRestore.of(stream, target.qmp()).mode(RestoreMode.LAZY);
      assertThatThrownBy(() -> restore(request))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining("restore mode lazy is not possible")
          .satisfies(Remedied.by(Remedy.CONVERT_TO_MAPPED_RAM, Remedy.USE_STREAM));
      assertThat(target.status()).isEqualTo("inmigrate");
    }
  }

  @ParameterizedTest
  @EnumSource
  void missingDevice(TestedQemu version) throws Exception {
    saveGuest(version, GuestSpec.small().with("-device", "virtio-rng-pci"), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(target, RestoreMode.LAZY))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining(file().toString());
    }
  }
}
