// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.stream.OpaqueDevice;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A save with RAM blocks whose content a test writes byte by byte. */
public final class SmallSave {
  public static final int PAGE = 4096;

  private final String machine;
  private final List<RamBlock> blocks = new ArrayList<>();
  private final List<Map<Long, byte[]>> pages = new ArrayList<>();

  public SmallSave(String machine) {
    this.machine = machine;
  }

  /** Adds a block. */
  public RamBlock block(String name, long pageCount) {
    RamBlock block = new RamBlock(blocks.size(), name, pageCount * PAGE);
    blocks.add(block);
    pages.add(new TreeMap<>());
    return block;
  }

  /** Writes bytes into a block. */
  public SmallSave put(RamBlock block, long offset, byte... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      long at = offset + i;
      pages.get(block.index()).computeIfAbsent(at / PAGE, _ -> new byte[PAGE])[(int) (at % PAGE)] =
          bytes[i];
    }
    return this;
  }

  /** Writes the save, and opens it. */
  public PageStore write(Path file, SaveFormat format) {
    try (SaveWriter writer = SaveWriter.create(file, format, WriteOptions.defaults());
        Arena arena = Arena.ofConfined()) {
      writer
          .sink()
          .begin(new SaveHeader(Configuration.of(machine), new RamBlocks(PAGE, blocks), 2));
      MemorySegment page = arena.allocate(PAGE);
      for (RamBlock block : blocks) {
        pages
            .get(block.index())
            .forEach((index, bytes) -> {
              MemorySegment.copy(MemorySegment.ofArray(bytes), 0, page, 0, PAGE);
              writer.sink().data(block, index * PAGE, page, 0, PAGE);
            });
      }
      MemorySegment state = MemorySegment.ofArray(new byte[] {1, 2, 3});
      writer.sink().end(new OpaqueDevice("tests", 1, state).toDeviceState());
      writer.publish();
    }
    return Saves.open(file);
  }
}
