// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.SmallSave;
import io.fixedram.inspect.block.BlockReader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageTablesTest {
  private static final long MIB = 1 << 20;
  private static final long PRESENT = 1;
  private static final long LARGE = 1 << 7;

  @TempDir private Path directory;

  private final SmallSave save = new SmallSave("pc-q35-7.2");
  private final RamBlock ram = save.block("pc.ram", 1024);

  private void entry(long table, long index, long value) {
    save.put(
        ram,
        table + index * 8,
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  private void with(int levels, Consumer<PageTables> test) {
    MemoryMap map =
        new MemoryMap(
            List.of(new MapRange(0, ram.usedLength(), ram, 0, true)), MemoryMap.Origin.GIVEN);
    try (PageStore store = save.write(directory.resolve("save"), SaveFormat.MAPPED_RAM);
        BlockReader reader = new BlockReader(store)) {
      test.accept(new PageTables(new PhysicalMemory(map, reader), 0x1000, levels));
    }
  }

  @Test
  void pagesOfAllSizes() {
    entry(0x1000, 511, 0x2000 | PRESENT);
    entry(0x2000, 510, 0x3000 | PRESENT);
    entry(0x2000, 511, 0x4000_0000L | PRESENT | LARGE);
    entry(0x3000, 0, 0x20_0000 | PRESENT | LARGE | 1L << 63);
    entry(0x3000, 1, 0x4000 | PRESENT);
    entry(0x4000, 3, 0x5000 | PRESENT);
    entry(0x4000, 4, 0x9000 | PRESENT);
    save.put(ram, 0x5ffe, (byte) 1, (byte) 2).put(ram, 0x9000, (byte) 3, (byte) 4);
    with(
        4,
        tables -> {
          long base = 0xffff_ff80_0000_0000L + (510L << 30);
          assertThat(tables.translate(base + 5))
              .isEqualTo(new PageTables.Translation(0x20_0005, 2 * MIB - 5));
          assertThat(tables.translate(base + (1L << 30) + 7))
              .isEqualTo(new PageTables.Translation(0x4000_0007L, (1L << 30) - 7));
          long small = base + 2 * MIB + 0x3000;
          assertThat(tables.translate(small + 8))
              .isEqualTo(new PageTables.Translation(0x5008, 4096 - 8));
          // Pages that follow each other virtually and not physically.
          MemorySegment four = MemorySegment.ofArray(new byte[4]);
          tables.read(small + 4094, four);
          assertThat(four.toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 2, 3, 4);
          assertThat(tables.find(small + 2 * 4096)).isEmpty();
        });
  }

  @Test
  void fiveLevels() {
    entry(0x1000, 256, 0x2000 | PRESENT);
    entry(0x2000, 1, 0x3000 | PRESENT);
    entry(0x3000, 2, 0x4000 | PRESENT);
    entry(0x4000, 3, 0x5000 | PRESENT);
    entry(0x5000, 4, 0x6000 | PRESENT);
    long address = 0xff00_0000_0000_0000L | 1L << 39 | 2L << 30 | 3L << 21 | 4L << 12;
    with(
        5,
        tables ->
            assertThat(tables.translate(address + 9))
                .isEqualTo(new PageTables.Translation(0x6009, 4096 - 9)));
    with(
        4,
        tables ->
            assertThatThrownBy(() -> tables.translate(address))
                .isInstanceOf(NoMemoryException.class)
                .hasMessageContaining("it is not an address of 48 bits"));
  }

  @Test
  void whatIsNotMapped() {
    entry(0x1000, 1, 0x7fff_ffff_f000L | PRESENT);
    with(
        4,
        tables -> {
          assertThatThrownBy(() -> tables.translate(0x1234))
              .isInstanceOf(NoMemoryException.class)
              .hasMessage(
                  "virtual address 0x1234 is not mapped: entry 0 of the table of level 4 is not present");
          assertThatThrownBy(() -> tables.translate(1L << 39))
              .isInstanceOf(NoMemoryException.class)
              .hasMessage(
                  "virtual address 0x8000000000 is not mapped: its table at guest-physical address"
                      + " 0x7ffffffff000 is no memory");
        });
  }
}
