// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

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
    try (Save save = Save.open(path)) {
      return of(save);
    }
  }

  /** The same of an open save. */
  public static SaveInfo of(Save save) {
    return switch (save) {
      case FixedSave fixed -> of(fixed);
      case StreamSave stream -> of(stream);
    };
  }

  private static SaveInfo of(FixedSave save) {
    RamBlocks all = save.header().blocks();
    List<BlockInfo> blocks =
        save.places().stream()
            .map(place ->
                new BlockInfo(
                    place.block().name(),
                    place.block().usedLength(),
                    all.targetPageSize(),
                    OptionalLong.of(place.pagesOffset()),
                    OptionalLong.of(place.bitmapOffset()),
                    all.pages(place.block()),
                    save.readBitmap(place).cardinality()))
            .toList();
    try {
      long stateBytes = save.deviceState().sizeBytes();
      return of(save, save.descriptor(), save.capabilities(), blocks, stateBytes, Optional.empty());
    } catch (FixedRamException e) {
      return of(save, save.descriptor(), save.capabilities(), blocks, 0, Optional.of(e));
    }
  }

  private static SaveInfo of(StreamSave save) {
    try (PresenceSink sink = new PresenceSink()) {
      Optional<FixedRamException> problem = Optional.empty();
      try {
        save.sendTo(sink);
      } catch (FixedRamException e) {
        problem = Optional.of(e);
      }
      return of(
          save,
          save.descriptor(),
          save.header().configuration().capabilities(),
          sink.blocks(),
          sink.deviceStateBytes(),
          problem);
    }
  }

  private static SaveInfo of(
      Save save,
      Descriptor descriptor,
      List<String> capabilities,
      List<BlockInfo> blocks,
      long deviceStateBytes,
      Optional<FixedRamException> problem) {
    SaveHeader header = save.header();
    Descriptor.Status status = descriptor.status();
    return new SaveInfo(
        save.format(),
        problem.isEmpty(),
        header.configuration().machine(),
        capabilities,
        blocks,
        status.sizeBytes(),
        status.allocatedBytes(),
        deviceStateBytes,
        header.blocks().totalBytes(),
        problem);
  }
}
