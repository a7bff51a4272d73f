// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.mapping.MappableRegion;
import io.fixedram.testing.Guest;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A view answers for the blocks it has as the whole store does. */
class PartialStoreTest {
  private static final int PAGE = 4096;
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", (1L << 17) * PAGE);
  private static final RamBlock VGA = new RamBlock(1, "vga.vram", 16 * PAGE);

  private final Path path;

  PartialStoreTest(@TempDir Path directory) {
    this.path = directory.resolve("save");
  }

  /** With an alignment that leaves room for the mark of exact regions. */
  private void write() {
    Guest guest = Guest.of(RAM, VGA);
    WriteOptions options = new WriteOptions(DirectMode.OFF, false, 1 << 20);
    try (SaveWriter writer = SaveWriter.create(path, SaveFormat.MAPPED_RAM, options);
        Arena arena = Arena.ofShared()) {
      writer.sink().begin(guest.header());
      writer.sink().data(RAM, 3 * PAGE, arena.allocate(PAGE).fill((byte) 1), 0, PAGE);
      writer.sink().end(guest.tail().toState());
      writer.publish();
    }
  }

  @Test
  void knowsTheFileAndThePlacesOfItsBlocks() {
    write();
    try (PageStore whole = Saves.open(path)) {
      PageStore view = whole.without(Set.of(VGA));
      assertThat(view.file()).isEqualTo(whole.file()).isPresent();
      assertThat(view.localFile()).isEqualTo(whole.localFile()).isPresent();
      assertThat(view.place(RAM)).isEqualTo(whole.place(RAM)).isPresent();
      assertThat(view.places()).extracting(BlockPlace::block).containsExactly(RAM);
      assertThat(whole.isExact(RAM)).isTrue();
      assertThat(view.isExact(RAM)).isTrue();
      assertThat(MappableRegion.obstacle(view, RAM)).isEmpty();
    }
  }

  @Test
  void isDescribed() {
    write();
    try (PageStore whole = Saves.open(path)) {
      SaveInfo info = SaveInfo.of(whole.without(Set.of(VGA)));
      assertThat(info.blocks()).containsExactly(SaveInfo.of(whole).blocks().getFirst());
      assertThat(info.blocks().getFirst().present()).isEqualTo(1);
    }
  }

  /** What the bitmaps list can be read of a damaged save, which the whole store allows. */
  @Test
  void listsPagesOfADamagedSave() throws IOException {
    write();
    try (PageStore whole = Saves.open(path);
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(whole.place(RAM).orElseThrow().pagesOffset() + 5 * PAGE);
      file.write(1);
    }
    try (PageStore whole = Saves.open(path)) {
      PageStore view = whole.without(Set.of(VGA));
      assertThatThrownBy(() -> view.pages(RAM)).isInstanceOf(DamagedSaveException.class);
      assertThat(view.listedPages(RAM).stored().cardinality()).isEqualTo(1);
    }
  }
}
