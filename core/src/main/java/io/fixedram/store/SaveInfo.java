// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a save says of itself. Of a fixed-offset file only the head, the bitmaps and the device
 * state are read; a stream is read whole.
 *
 * @param format what it is
 * @param complete whether it ends as a whole save does
 * @param machine machine type of the guest
 * @param capabilities capabilities that its configuration section names, a layout's among them
 * @param blocks the RAM blocks
 * @param fileBytes size of the file
 * @param diskBytes space it takes on its file system
 * @param deviceStateBytes bytes after the RAM; 0 if incomplete
 * @param ramBytes used lengths of all blocks together
 * @param problem why it is not complete
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
    long ramBytes,
    Optional<FixedRamException> problem) {

  /** Keeps copies of the lists. */
  public SaveInfo {
    capabilities = List.copyOf(capabilities);
    blocks = List.copyOf(blocks);
  }

  /**
   * Looks at a file.
   *
   * @throws FixedRamException if it can't be read, or so little of it that nothing can be said
   */
  public static SaveInfo of(Path path) {
    try (PageStore store = Saves.open(path)) {
      return of(store);
    }
  }

  /**
   * The same of an open save.
   *
   * @throws IllegalArgumentException if the store is no file
   */
  public static SaveInfo of(PageStore store) {
    SaveFile file =
        store.file().orElseThrow(() -> new IllegalArgumentException(store.name() + " is no file"));
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
        header.blocks().totalBytes(),
        outcome instanceof DeviceStateOutcome.Failed failed
            ? Optional.of(failed.reason())
            : Optional.empty());
  }
}
