// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.guest.Configuration;
import io.fixedram.qemu.migration.MemoryFile;
import io.fixedram.qemu.migration.QemuDevice;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.migration.SavedRunState;
import io.fixedram.qemu.migration.TemporarySettings;
import io.fixedram.qemu.obstacle.LazyObstacle;
import io.fixedram.qemu.qmp.QmpException;
import io.fixedram.store.PageStore;
import io.fixedram.wire.PostcopyEncoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Checks whether restore mode lazy is possible with a save and a QEMU, as far as that is known
 * before QEMU loads; QEMU itself refuses other cases.
 */
public final class LazyObstacles {
  private static final String POSTCOPY = "postcopy-ram";

  /**
   * Entry in QEMU's list of networks for a back end that shares memory with another process or
   * hardware.
   */
  private static final Pattern SHARING_NETWORK =
      Pattern.compile("\\btype=(vhost-user|vhost-vdpa)\\b");

  private static final List<String> SHARING_DEVICES =
      List.of("vfio-", "vhost-user-", "vhost-vdpa-");

  private final PageStore save;
  private final QemuMigration migration;

  private LazyObstacles(PageStore save, QemuMigration migration) {
    this.save = save;
    this.migration = migration;
  }

  /**
   * Finds the first obstacle.
   *
   * @param capabilities the migration capabilities of this QEMU
   */
  public static Optional<LazyObstacle> find(
      PageStore save, Map<String, Boolean> capabilities, QemuMigration migration) {
    LazyObstacles obstacles = new LazyObstacles(save, migration);
    if (!capabilities.containsKey(POSTCOPY)) {
      return Optional.of(new LazyObstacle.NoPostcopy(migration.qmp().version()));
    }
    return inTheSave(save)
        .or(obstacles::inMemory)
        .or(obstacles::inMemoryFiles)
        .or(obstacles::inDevices)
        .or(obstacles::inNetworks)
        .or(obstacles::inTheHost);
  }

  /** Finds the first obstacle in the save, independent of QEMU. */
  public static Optional<LazyObstacle> inTheSave(PageStore save) {
    if (!save.isRandomAccess()) {
      return Optional.of(new LazyObstacle.SequentialSave(save.name()));
    }
    if (save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)) {
      return Optional.of(new LazyObstacle.SharedMemoryLeftOut(save.name()));
    }
    Optional<SavedRunState> other =
        SavedRunState.of(save.deviceState()).filter(state -> !state.isOrdinary());
    if (other.isPresent()) {
      return Optional.of(new LazyObstacle.StateForgotten(save.name(), other.get().name()));
    }
    long bytes = save.deviceState().sectionsBytes();
    if (bytes > PostcopyEncoder.MAX_SECTIONS_BYTES) {
      return Optional.of(new LazyObstacle.LargeDeviceState(save.name(), bytes));
    }
    return save.header().blocks().list().stream()
        .filter(block -> block.pageSize().isPresent())
        .findFirst()
        .map(block -> new LazyObstacle.HugePages(block.name(), block.pageSize().getAsLong()));
  }

  /**
   * Finds an obstacle in QEMU's RAM blocks. QEMU would wait forever for pages of a block that the
   * save does not have.
   */
  private Optional<LazyObstacle> inMemory() {
    List<QemuRamBlock> blocks = QemuRamBlock.ask(migration.qmp());
    return blocks.stream()
        .filter(QemuRamBlock::hasHugePages)
        .findFirst()
        .<LazyObstacle>map(block -> new LazyObstacle.HugePages(block.name(), block.pageSize()))
        .or(() ->
            blocks.stream()
                .filter(block -> save.header().blocks().byName(block.name()).isEmpty())
                .findFirst()
                .map(block ->
                    new LazyObstacle.BlockNotInSave(
                        block.name(), block.usedLength(), save.name())));
  }

  private Optional<LazyObstacle> inMemoryFiles() {
    List<MemoryFile> files = MemoryFile.ask(migration.qmp());
    boolean local = migration.qmp().canPassDescriptors();
    return files.stream()
        .flatMap(file ->
            FileSystemType.of(file.path()).stream()
                .filter(type -> !type.isMemory())
                .<LazyObstacle>map(type ->
                    new LazyObstacle.BackendOnDisk(file.backend(), file.path(), type.name())))
        .findFirst()
        .or(() ->
            files.stream()
                .filter(file -> !file.shared() && file.mayBeNamed(local))
                .findFirst()
                .map(file -> new LazyObstacle.PrivateFile(file.backend(), file.path())));
  }

  private Optional<LazyObstacle> inDevices() {
    return QemuDevice.added(migration.qmp())
        .map(QemuDevice::type)
        .filter(type -> SHARING_DEVICES.stream().anyMatch(type::startsWith))
        .findFirst()
        .map(LazyObstacle.SharingDevice::new);
  }

  private Optional<LazyObstacle> inNetworks() {
    return migration
        .qmp()
        .executeIfKnown("human-monitor-command", Map.of("command-line", "info network"))
        .map(list -> SHARING_NETWORK.matcher(list.text()))
        .filter(Matcher::find)
        .map(network -> new LazyObstacle.SharingNetwork(network.group(1)));
  }

  /** Lets QEMU try, since only QEMU knows whether it may use userfaultfd on its memory. */
  private Optional<LazyObstacle> inTheHost() {
    TemporarySettings settings = new TemporarySettings(migration.qmp());
    try {
      settings.setPlainStream();
      settings.setCapabilities(Map.of(POSTCOPY, true));
      return Optional.empty();
    } catch (QmpException e) {
      return Optional.of(new LazyObstacle.PostcopyRefused(e.description()));
    } finally {
      settings.putBack();
    }
  }
}
