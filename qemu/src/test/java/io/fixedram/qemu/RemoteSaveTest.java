// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.memory.StoredBlocks;
import io.fixedram.qemu.obstacle.InstantObstacle;
import io.fixedram.qemu.obstacle.NativeObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Restores of saves that are not local files. */
class RemoteSaveTest extends QemuTest {
  private final AtomicInteger open = new AtomicInteger();

  @AfterEach
  void everyStoreIsClosed() {
    assertThat(open).hasValue(0);
  }

  private PageStore openSave() {
    return Saves.open(new RemoteBytes(file(), open));
  }

  private GuestRestore into(RunningQemu target) {
    return GuestRestore.of(this::openSave, target.qmp());
  }

  private GuestRestore started(TestedQemu version) {
    return GuestRestore.of(
        this::openSave, GuestSpec.small().command(version.binary(), directory, "restored"));
  }

  @ParameterizedTest
  @CsvSource({
    "QEMU_7,  MAPPED_RAM, LAZY",
    "QEMU_7,  FIXED_RAM,  STREAM",
    "QEMU_7,  MAPPED_RAM, MEMORY",
    "QEMU_7,  STREAM,     STREAM",
    "QEMU_10, FIXED_RAM,  LAZY",
    "QEMU_10, MAPPED_RAM, STREAM",
    "QEMU_10, MAPPED_RAM, MEMORY",
    "QEMU_10, STREAM,     MEMORY",
  })
  void memoryIsThatOfTheSave(TestedQemu version, SaveFormat format, RestoreMode mode)
      throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), format);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      try (RestoredGuest guest = restore(into(target).mode(mode).paused())) {
        assertThat(guest.awaitResident().mode()).isEqualTo(mode);
      }
      assertThat(open).hasValue(0);
      try (QmpClient qmp = QmpClient.connect(target.spareQmp());
          QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
          PageStore save = Saves.open(file())) {
        StoredBlocks.assertSame(memory.pages(), save);
      }
      target.observer().execute("cont");
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
    assertThat(leftFiles()).as("no hot pages beside it").containsExactly("guest.save");
  }

  /** The guest asks for pages from its first moment on, and several are read at a time. */
  @ParameterizedTest
  @EnumSource
  void guestThatRunsIsServed(TestedQemu version) throws Exception {
    String saved = haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small());
        RestoredGuest guest = restore(into(target).inPlaceWithin(Duration.ZERO))) {
      RestoreReport report = guest.awaitResident();
      assertThat(report.mode()).isEqualTo(RestoreMode.LAZY);
      assertThat(report.serving().orElseThrow().faults()).isPositive();
      RunningQemu.assertGoesOn(saved, directory, "restored");
    }
  }

  @Test
  void nativeNeedsALocalFile() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThat(obstacle(into(target).mode(RestoreMode.NATIVE)))
          .isEqualTo(new NativeObstacle.NotLocalFile(RemoteBytes.NAME));
      assertThat(target.status()).isEqualTo("inmigrate");
    }
  }

  @ParameterizedTest
  @EnumSource
  void instantNeedsALocalFile(TestedQemu version) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request = started(version).mode(RestoreMode.INSTANT);
    assertThat(obstacle(request)).isEqualTo(new InstantObstacle.NotLocalFile(RemoteBytes.NAME));
    assertThatThrownBy(() -> request.prepare(directory.resolve("qmp")))
        .isInstanceOf(ObstacleException.class)
        .hasMessageContaining(RemoteBytes.NAME + " is not a whole local file");
  }

  private Obstacle obstacle(GuestRestore request) {
    return catchThrowableOfType(ObstacleException.class, () -> restore(request)).obstacle();
  }

  /** In mode auto the save is served instead of mapped. */
  @Test
  void autoStartsQemuWithoutMappings() throws Exception {
    String saved = haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request = started(TestedQemu.QEMU_10).inPlaceWithin(Duration.ZERO);
    try (RestoredGuest guest = restore(request)) {
      RestoreReport report = guest.awaitResident();
      assertThat(report.mode()).isEqualTo(RestoreMode.LAZY);
      assertThat(report.obstacles())
          .isEqualTo(List.of(new InstantObstacle.NotLocalFile(RemoteBytes.NAME)));
      RunningQemu.assertGoesOn(saved, directory, "restored");
      guest.process().orElseThrow().destroy();
      guest.process().orElseThrow().onExit().join();
    }
  }

  /** A store is named where a file would be. */
  @Test
  void messagesNameTheStore() throws Exception {
    haveSaved(TestedQemu.QEMU_10, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    truncate();
    try (RunningQemu target = waiting(TestedQemu.QEMU_10, GuestSpec.small())) {
      assertThatThrownBy(() -> restore(into(target)))
          .isInstanceOf(FixedRamException.class)
          .hasMessageContaining(RemoteBytes.NAME)
          .hasMessageNotContaining(file().toString());
    }
  }

  private void truncate() throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file().toFile(), "rw")) {
      bytes.setLength(Files.size(file()) - 100);
    }
  }
}
