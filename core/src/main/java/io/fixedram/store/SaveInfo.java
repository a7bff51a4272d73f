// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.layout.SaveSeal;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Description of a save. Of a fixed-offset file only the header, the bitmaps and the device state
 * are read; a stream is read completely.
 *
 * @param format format of the save
 * @param complete whether the save ends with a complete device state
 * @param machine machine type of the guest
 * @param capabilities capabilities in its configuration section, including that of a layout
 * @param blocks the RAM blocks
 * @param fileBytes size of the file
 * @param diskBytes space that the file occupies on its file system
 * @param deviceStateBytes length of the device state; 0 if incomplete
 * @param described whether the save contains QEMU's description of the fields of its device state
 * @param ramBytes sum of the used lengths of all blocks
 * @param problem reason why the save is not complete
 * @param seal the save's seal; empty if its content can't be checked
 */
public record SaveInfo(
    SaveFormat format,
    boolean complete,
    String machine,
    List<String> capabilities,
    List<BlockInfo> blocks,
    long fileBytes,
    long diskBytes,
    long deviceStateBytes,
    boolean described,
    long ramBytes,
    Optional<FixedRamException> problem,
    Optional<SaveSeal> seal) {

  /** Keeps copies of the lists. */
  public SaveInfo {
    capabilities = List.copyOf(capabilities);
    blocks = List.copyOf(blocks);
  }

  /**
   * Describes the save in a file.
   *
   * @throws FixedRamException if the file can't be read or its header is damaged
   */
  public static SaveInfo of(Path path) {
    try (PageStore store = Saves.open(path)) {
      return of(store);
    }
  }

  /**
   * Describes an open save.
   *
   * @throws IllegalArgumentException if the store is not a file
   */
  public static SaveInfo of(PageStore store) {
    SaveFile file =
        store
            .file()
            .orElseThrow(() -> new IllegalArgumentException(store.name() + " is not a file"));
    SaveHeader header = store.header();
    List<BlockInfo> blocks =
        store.blocks().stream().map(block -> BlockInfo.of(store, block)).toList();
    DeviceStateOutcome outcome = DeviceStateOutcome.of(store::deviceState);
    return new SaveInfo(
        file.format(),
        outcome instanceof DeviceStateOutcome.Read,
        header.configuration().machine(),
        file.capabilities(),
        blocks,
        file.bytes().sizeBytes(),
        file.bytes().allocatedBytes(),
        outcome instanceof DeviceStateOutcome.Read read ? read.state().sizeBytes() : 0,
        outcome instanceof DeviceStateOutcome.Read read && read.state().describesFields(),
        header.blocks().totalBytes(),
        outcome instanceof DeviceStateOutcome.Failed failed
            ? Optional.of(failed.reason())
            : Optional.empty(),
        store.seal());
  }
}
