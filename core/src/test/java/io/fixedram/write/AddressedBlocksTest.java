// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Guest;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Entries of RAM blocks with a page size and a guest address, which may look like the fields of a
 * layout, are read as they were written.
 */
class AddressedBlocksTest {
  private static final long MIB = 1 << 20;
  private static final List<Long> LENGTHS = List.of(4096L, 2 * MIB, 8 * MIB, 128 * MIB, 512 * MIB);
  private static final List<Long> PAGE_SIZES = List.of(0L, 4096L, 2 * MIB, 1024 * MIB);

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void areRead(SaveFormat format) {
    Path path = directory.resolve("save");
    Configuration configuration =
        Configuration.of("pc-q35-7.2").withCapabilities(List.of(Configuration.X_IGNORE_SHARED));
    for (long length : LENGTHS) {
      for (long pageSize : PAGE_SIZES) {
        for (int bit = 12; bit < 44; bit++) {
          OptionalLong size = pageSize == 0 ? OptionalLong.empty() : OptionalLong.of(pageSize);
          RamBlock block = new RamBlock(0, "ram", length, size, OptionalLong.of(1L << bit));
          SaveHeader header = new SaveHeader(configuration, new RamBlocks(4096, List.of(block)), 2);
          try (SaveWriter writer =
              SaveWriter.create(path, format, new WriteOptions(DirectMode.OFF, false, 4096))) {
            writer.sink().begin(header);
            writer.sink().end(new Guest(header).tail().toState());
            writer.publish();
          }
          try (PageStore save = Saves.open(path)) {
            assertThat(save.header()).as("of %s", block.guestAddress()).isEqualTo(header);
          }
        }
      }
    }
  }
}
