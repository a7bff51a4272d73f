// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import java.util.List;
import java.util.OptionalInt;

/** Creates the header of a save of memory. */
final class MemoryHeader {
  /** QEMU's "ram" section has id 1 or more. */
  private static final int RAM_SECTION_ID = 1;

  private MemoryHeader() {}

  /**
   * A header with a configuration and blocks. The blocks have no page sizes and guest addresses,
   * since these require capabilities that the engine does not support.
   *
   * @throws FixedRamException if the configuration does not match the memory
   */
  static SaveHeader of(Configuration configuration, int pageSize, List<RamBlock> listed) {
    if (!configuration.capabilities().isEmpty()) {
      throw new FixedRamException(
          "the configuration names the capability "
              + configuration.capabilities().getFirst()
              + ", but capabilities are set only by the settings of the migration");
    }
    return new SaveHeader(
        withPageSize(configuration, pageSize), new RamBlocks(pageSize, listed), RAM_SECTION_ID);
  }

  /** Adds target-page-bits unless the pages have 4 KiB, which a stream without it means. */
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
