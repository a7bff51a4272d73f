// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Creates a save of a guest with 64 GiB of RAM, nearly all of it zero. */
public final class LargeSave {
  private static final int PAGE_BYTES = 4096;
  private static final long RAM_BYTES = 64L << 30;
  private static final long DATA_EVERY = 64L << 20;
  private static final int RAM_SECTION_ID = 2;

  private LargeSave() {}

  /** Writes the save. */
  public static void write(Path file) {
    RamBlock ram = new RamBlock(0, "pc.ram", RAM_BYTES);
    try (Arena arena = Arena.ofConfined();
        SaveWriter writer =
            SaveWriter.create(file, SaveFormat.MAPPED_RAM, WriteOptions.defaults())) {
      MemorySegment page = arena.allocate(PAGE_BYTES);
      page.fill((byte) 1);
      SaveSink sink = writer.sink();
      sink.begin(
          new SaveHeader(
              Configuration.of("pc-i440fx-7.2"),
              new RamBlocks(PAGE_BYTES, List.of(ram)),
              RAM_SECTION_ID));
      for (long at = 0; at < RAM_BYTES; at += DATA_EVERY) {
        sink.data(ram, at, page, 0, PAGE_BYTES);
      }
      // Only the EOF byte of the stream, without devices.
      sink.end(new DeviceState(arena.allocate(1), 0, Optional.empty()));
      writer.publish();
    }
  }
}
