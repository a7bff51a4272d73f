// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.write.DestinationMemory;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files without a seal in which the bitmap has lost a bit of a page that the file holds. */
class LostBitsTest {
  private static final int PAGE = 4096;
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 1000L * PAGE);
  private static final long LOST = 130;

  @TempDir private Path directory;
  private Path path;

  @BeforeEach
  void name() {
    path = directory.resolve("save");
  }

  /** Data in pages 130 and 600. */
  private void write(SaveFormat format, DestinationMemory destination) {
    Guest guest = Guest.of(RAM);
    try (Arena arena = Arena.ofShared();
        SaveWriter writer =
            SaveWriter.create(path, format, destination, WriteOptions.defaults().notSealed())) {
      MemorySegment content = arena.allocate(PAGE).fill((byte) 7);
      writer.sink().begin(guest.header());
      writer.sink().data(RAM, LOST * PAGE, content, 0, PAGE);
      writer.sink().data(RAM, 600 * PAGE, content, 0, PAGE);
      writer.sink().end(guest.tail().toState());
      writer.publish();
    }
  }

  private BlockPlace place() {
    try (PageStore save = Saves.open(path)) {
      return save.places().getFirst();
    }
  }

  private void change(long offset, int mask) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(offset);
      int old = file.read();
      file.seek(offset);
      file.write(old ^ mask);
    }
  }

  private void loseBit() throws IOException {
    change(place().bitmapOffset() + LOST / 8, 1 << (LOST % 8));
  }

  private void send() {
    try (PageStore save = Saves.open(path);
        GuestSink sink = new GuestSink()) {
      save.sendTo(sink);
    }
  }

  private void load() {
    try (Arena arena = Arena.ofShared();
        PageStore save = Saves.open(path)) {
      GuestMemory memory = GuestMemory.allocate(arena, save.header().blocks());
      try (MemoryLoad load = MemoryLoad.open(path, memory)) {
        load.load(2);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"FIXED_RAM, QEMU", "MAPPED_RAM, QEMU", "FIXED_RAM, EMPTY", "MAPPED_RAM, EMPTY"})
  void everyWayOfReadingSaysDamaged(SaveFormat format, DestinationMemory destination)
      throws IOException {
    write(format, destination);
    assertThatCode(this::send).doesNotThrowAnyException();
    assertThatCode(this::load).doesNotThrowAnyException();
    loseBit();
    String where = "data at offset " + (place().pagesOffset() + LOST * PAGE) + " of the file";
    assertThatThrownBy(this::send)
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining(path + " is damaged: RAM block pc.ram")
        .hasMessageContaining(where);
    assertThatThrownBy(this::load)
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining(where);
    // What it says of itself can be asked all the same.
    assertThat(SaveInfo.of(path).blocks().getFirst().present()).isEqualTo(1);
  }

  /** Zeros in place of holes do no harm. */
  @Test
  void copyWithoutHoles() throws Exception {
    write(SaveFormat.MAPPED_RAM, DestinationMemory.QEMU);
    Path copy = directory.resolve("copy");
    Files.write(copy, Files.readAllBytes(path));
    path = copy;
    assertThatCode(this::send).doesNotThrowAnyException();
    loseBit();
    assertThatThrownBy(this::send).isInstanceOf(DamagedSaveException.class);
  }

  /** QEMU leaves content of earlier passes behind, and has no mark. */
  @Test
  void contentUnderClearBitsOfOtherWriters() throws IOException {
    write(SaveFormat.MAPPED_RAM, DestinationMemory.QEMU);
    BlockPlace place = place();
    for (int i = 0; i < 16; i++) {
      change(place.bitmapOffset() + 128 + i, "fixedram holes 1".charAt(i));
    }
    loseBit();
    assertThatCode(this::send).doesNotThrowAnyException();
    assertThatCode(this::load).doesNotThrowAnyException();
  }
}
