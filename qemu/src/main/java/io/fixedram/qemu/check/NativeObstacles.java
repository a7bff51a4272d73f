// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.MainMemory;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.migration.MemoryFile;
import io.fixedram.qemu.migration.QemuDevice;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.obstacle.NativeObstacle;
import io.fixedram.store.PageStore;
import java.util.Map;
import java.util.Optional;

/**
 * Checks whether restore mode native is possible with a save and a QEMU. QEMU's loader does not
 * touch pages whose bit is clear, so zero pages are correct only in memory that is empty before.
 */
public final class NativeObstacles {
  /** The device that writes to memory at each reset, also while QEMU waits for a guest. */
  private static final String LOADER = "loader";

  private NativeObstacles() {}

  /**
   * Finds the first obstacle.
   *
   * @param capabilities the migration capabilities of this QEMU
   */
  public static Optional<NativeObstacle> find(
      PageStore save, Map<String, Boolean> capabilities, QemuMigration migration) {
    if (!capabilities.containsKey("mapped-ram")) {
      return Optional.of(new NativeObstacle.TooOld(migration.qmp().version()));
    }
    if (save.localFile().isEmpty()) {
      return Optional.of(new NativeObstacle.NotLocalFile(save.name()));
    }
    SaveFormat format = save.file().orElseThrow().format();
    if (format != SaveFormat.MAPPED_RAM) {
      return Optional.of(new NativeObstacle.OtherFormat(save.name(), format));
    }
    if (save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)) {
      // QEMU 10.0.2 fails on its own such files: "region has bad alignment".
      return Optional.of(new NativeObstacle.SharedMemoryLeftOut(save.name()));
    }
    return inMemoryFiles(migration)
        .or(() -> inDevices(migration))
        .or(() ->
            save.blocks().stream()
                .flatMap(block -> blockThatIsFilled(save, block).stream())
                .findFirst());
  }

  private static Optional<NativeObstacle> inMemoryFiles(QemuMigration migration) {
    return MemoryFile.ask(migration.qmp()).stream()
        .filter(file -> file.mayBeNamed(migration.qmp().canPassDescriptors()))
        .findFirst()
        .map(file -> new NativeObstacle.BackendWithContent(file.backend(), file.path()));
  }

  private static Optional<NativeObstacle> inDevices(QemuMigration migration) {
    return QemuDevice.added(migration.qmp())
        .filter(device -> device.type().equals(LOADER))
        .findFirst()
        .map(_ -> new NativeObstacle.LoaderDevice());
  }

  /**
   * An obstacle if zero pages of a block that QEMU fills are not in the file; files written by QEMU
   * have no zero pages.
   */
  private static Optional<NativeObstacle> blockThatIsFilled(PageStore save, RamBlock block) {
    if (MainMemory.contains(block)) {
      return Optional.empty();
    }
    return Optional.of(save.pages(block))
        .filter(map -> map.stored().cardinality() < map.pages())
        .map(_ -> new NativeObstacle.ZeroPagesLeftOut(save.name(), block.name()));
  }
}
