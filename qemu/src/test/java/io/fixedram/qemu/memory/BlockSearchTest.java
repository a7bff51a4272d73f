// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.OtherProcess;
import io.fixedram.qemu.migration.QemuRamBlock;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The search in memory of this process that is written as if it were QEMU's heap. */
class BlockSearchTest {
  private static final long MIB = 1 << 20;
  private static final QemuRamBlock RAM = block("pc.ram", 0, 64 * MIB, 64 * MIB);
  private static final QemuRamBlock TABLES = block("/rom@etc/acpi/tables", 64 * MIB, MIB, 2 * MIB);

  private static QemuRamBlock block(String name, long offset, long used, long whole) {
    return new QemuRamBlock(name, 4096, offset, used, whole, OptionalLong.empty());
  }

  private static void record(MemorySegment heap, long at, long host, QemuRamBlock block) {
    long[] words = {host, 0, block.offset(), block.usedLength(), block.wholeLength(), 0x1234};
    MemorySegment.copy(words, 0, heap, ValueLayout.JAVA_LONG, at, words.length);
    byte[] name = block.name().getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(name, 0, heap, ValueLayout.JAVA_BYTE, at + 52, name.length);
  }

  private static Map<QemuRamBlock, Set<Long>> search(MemorySegment heap) {
    long end = heap.address() + heap.byteSize();
    Mapping mapping = new Mapping(heap.address(), end, "rw-p", 0, "00:00 0", "[heap]", Set.of());
    Mapping other = new Mapping(end, end + MIB, "rw-p", 0, "00:00 0", "", Set.of());
    try (OtherProcess process = OtherProcess.open((int) ProcessHandle.current().pid())) {
      return BlockSearch.run(
          process, new AddressSpace(List.of(mapping, other)), List.of(RAM, TABLES));
    }
  }

  @Test
  void recordsAnywhere() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment heap = AnonymousMemory.allocate(arena, 9 * MIB);
      // At the begin, at the end, and over the ends of what is read at once.
      for (long at : new long[] {0, MIB - 304, MIB - 8, 2 * MIB - 616, 9 * MIB - 308 - 4}) {
        long place = at / 8 * 8;
        record(heap, place, 0x7000_0000L + at, TABLES);
        assertThat(search(heap).get(TABLES)).as("at %d", at).containsExactly(0x7000_0000L + at);
        heap.asSlice(place, 308).fill((byte) 0);
      }
      assertThat(search(heap)).isEqualTo(Map.of(RAM, Set.of(), TABLES, Set.of()));
    }
  }

  @Test
  void whatIsNoRecord() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment heap = AnonymousMemory.allocate(arena, MIB);
      record(heap, 1000, 1, block("pc.ra", 0, 64 * MIB, 64 * MIB));
      record(heap, 2000, 2, block("pc.ram2", 0, 64 * MIB, 64 * MIB));
      record(heap, 3000, 3, block("pc.ram", 8, 64 * MIB, 64 * MIB));
      record(heap, 4000, 4, block("pc.ram", 0, 64 * MIB, 65 * MIB));
      record(heap, 5000, 5, RAM);
      heap.set(ValueLayout.JAVA_LONG, 5008, 77);
      assertThat(search(heap).get(RAM)).isEmpty();
      record(heap, 6000, 6, RAM);
      record(heap, 7000, 6, RAM);
      assertThat(search(heap).get(RAM)).containsExactly(6L);
      record(heap, 8000, 7, RAM);
      assertThat(search(heap).get(RAM)).containsExactlyInAnyOrder(6L, 7L);
    }
  }

  /** QEMU's heap may shrink while it is looked at; a file that was cut reads like that. */
  @Test
  void heapThatEndsEarly(@TempDir Path directory) throws IOException {
    try (Arena arena = Arena.ofConfined();
        RandomAccessFile file = new RandomAccessFile(directory.resolve("heap").toFile(), "rw")) {
      MemorySegment heap =
          file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 16 * MIB, arena);
      long end = 3 * MIB + 5 * 4096;
      record(heap, end - 312, 8, RAM);
      file.setLength(end);
      assertThat(search(heap).get(RAM)).containsExactly(8L);
    }
  }
}
