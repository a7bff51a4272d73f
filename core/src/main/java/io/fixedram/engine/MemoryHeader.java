// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import java.util.List;
import java.util.OptionalInt;

/** What a save of memory begins with. */
final class MemoryHeader {
  /** QEMU's "ram" section has id 1 or more. */
  private static final int RAM_SECTION_ID = 1;

  private MemoryHeader() {}

  /**
   * The configuration, and the blocks that are listed, without the page sizes and guest addresses,
   * which only capabilities that are not provided list.
   *
   * @throws FixedRamException if the configuration does not fit the memory
   */
  static SaveHeader of(Configuration configuration, int pageSize, List<RamBlock> listed) {
    if (!configuration.capabilities().isEmpty()) {
      throw new FixedRamException(
          "the configuration names the capability "
              + configuration.capabilities().getFirst()
              + ", but what a save is made under is for the migration's own capabilities to say");
    }
    return new SaveHeader(
        withPageSize(configuration, pageSize), new RamBlocks(pageSize, listed), RAM_SECTION_ID);
  }

  /** A stream without target-page-bits means pages of 4 KiB. */
  private static Configuration withPageSize(Configuration configuration, int pageSize) {
    Configuration sized =
        configuration.targetPageBits().isPresent() || configuration.targetPageSize() == pageSize
            ? configuration
            : new Configuration(
                configuration.machine(),
                configuration.capabilities(),
                OptionalInt.of(Integer.numberOfTrailingZeros(pageSize)),
                configuration.uuid());
    if (sized.targetPageSize() != pageSize) {
      throw new FixedRamException(
          "the configuration says pages of "
              + sized.targetPageSize()
              + " bytes, the guest's memory has pages of "
              + pageSize);
    }
    return sized;
  }
}
