// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.MainMemory;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.migration.MemoryFile;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpException;
import io.fixedram.store.PageStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What keeps a QEMU from loading a save itself. Its loader leaves a page alone whose bit is clear,
 * so that zero pages are right only in memory that is empty before.
 */
public final class NativeObstacles {
  /** The device that writes to memory at each reset, also while QEMU waits for a guest. */
  private static final String LOADER = "child<loader>";

  private static final List<String> DEVICES =
      List.of("/machine/peripheral", "/machine/peripheral-anon");

  private NativeObstacles() {}

  /**
   * Looks for one.
   *
   * @param capabilities the migration capabilities that this QEMU knows
   */
  public static Optional<Reason> find(
      PageStore save, Map<String, Boolean> capabilities, QemuMigration migration) {
    if (!capabilities.containsKey("mapped-ram")) {
      return obstacle(
          migration.qmp().version() + " cannot load mapped-ram files, which takes QEMU 9.0",
          Remedy.RESTORE_BY_STREAM);
    }
    SaveFormat format = save.file().orElseThrow().format();
    if (format != SaveFormat.MAPPED_RAM) {
      return obstacle(
          save.name()
              + " is a "
              + format.text()
              + " file and QEMU itself loads only mapped-ram ones",
          Remedy.CONVERT_TO_MAPPED_RAM,
          Remedy.RESTORE_BY_STREAM);
    }
    if (save.header().configuration().capabilities().contains(Configuration.X_IGNORE_SHARED)) {
      // QEMU 10.0.2 fails on its own such files: "region has bad alignment".
      return obstacle(
          save.name()
              + " was saved under x-ignore-shared, which QEMU's loader of mapped-ram files does not"
              + " get right",
          Remedy.RESTORE_BY_STREAM);
    }
    return inMemoryFiles(migration)
        .or(() -> inDevices(migration))
        .or(() ->
            save.blocks().stream()
                .flatMap(block -> blockThatIsFilled(save, block).stream())
                .findFirst());
  }

  private static Optional<Reason> obstacle(String sentence, Remedy... remedies) {
    return Optional.of(Reason.of(sentence, remedies));
  }

  private static Optional<Reason> inMemoryFiles(QemuMigration migration) {
    return MemoryFile.ask(migration.qmp()).stream()
        .filter(file -> file.mayBeNamed(migration.qmp().canPassDescriptors()))
        .findFirst()
        .map(file ->
            Reason.of(
                "the memory backend "
                    + file.backend()
                    + " is the file "
                    + file.path()
                    + ", whose content QEMU's loader of mapped-ram files leaves where the guest has"
                    + " zeros",
                Remedy.RESTORE_BY_STREAM));
  }

  private static Optional<Reason> inDevices(QemuMigration migration) {
    return DEVICES.stream()
        .flatMap(path -> list(migration, path))
        .filter(each -> each.findText("type").filter(LOADER::equals).isPresent())
        .findFirst()
        .map(_ ->
            Reason.of(
                "the device loader has written to memory, which QEMU's loader of mapped-ram files leaves"
                    + " where the guest has zeros",
                Remedy.RESTORE_BY_STREAM));
  }

  private static Stream<Json> list(QemuMigration migration, String path) {
    try {
      return migration.qmp().execute("qom-list", Map.of("path", path)).items().stream();
    } catch (QmpException e) {
      return Stream.empty();
    }
  }

  /** Files that QEMU wrote have no zero pages of any block. */
  private static Optional<Reason> blockThatIsFilled(PageStore save, RamBlock block) {
    if (MainMemory.contains(block)) {
      return Optional.empty();
    }
    return Optional.of(save.pages(block))
        .filter(map -> map.stored().cardinality() < map.pages())
        .map(_ ->
            Reason.of(
                save.name()
                    + " lacks zero pages of RAM block "
                    + block
                    + ", where QEMU may have content of its own that its loader of mapped-ram files"
                    + " leaves",
                Remedy.CONVERT_TO_MAPPED_RAM,
                Remedy.RESTORE_BY_STREAM));
  }
}
