// SPDX-License-Identifier: Apache-2.0
package io.fixedram.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.DifferenceStore;
import io.fixedram.store.MapObstacle;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MappableRegionTest {
  private static final int PAGE = 4096;
  private static final long PAGES = 1 << 17;
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", PAGES * PAGE);
  private static final RamBlock VGA = new RamBlock(1, "vga.vram", 16 * PAGE);

  private final Path path;

  MappableRegionTest(@TempDir Path directory) {
    this.path = directory.resolve("save");
  }

  /** Data in pages 1 to 3 and 100, zeros in page 5 that were data once. */
  private void write(SaveFormat format, long alignment) {
    byte[] ones = new byte[PAGE];
    Arrays.fill(ones, (byte) 1);
    Guest guest = Guest.of(RAM, VGA);
    WriteOptions options = new WriteOptions(DirectMode.OFF, false, alignment);
    try (SaveWriter writer = SaveWriter.create(path, format, options);
        Arena arena = Arena.ofShared()) {
      writer.sink().begin(guest.header());
      for (long page : new long[] {1, 2, 3, 5, 100}) {
        writer.sink().data(RAM, page * PAGE, arena.allocate(PAGE).copyFrom(of(ones)), 0, PAGE);
      }
      writer.sink().drain();
      writer.sink().zero(RAM, 5 * PAGE, PAGE);
      writer.sink().end(guest.tail().toState());
      writer.publish();
    }
  }

  private static MemorySegment of(byte[] bytes) {
    return MemorySegment.ofArray(bytes);
  }

  private Optional<MapObstacle> obstacle() {
    try (PageStore save = Saves.open(path)) {
      return MappableRegion.obstacle(save, save.blocks().getFirst());
    }
  }

  private void put(long page, int offset, byte[] bytes) throws IOException {
    long pagesOffset;
    try (PageStore save = Saves.open(path)) {
      BlockPlace place = save.places().getFirst();
      pagesOffset = place.pagesOffset();
    }
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(pagesOffset + page * PAGE + offset);
      file.write(bytes);
    }
  }

  @Test
  void dataAboveFourGibibytes() throws IOException {
    RamBlock large = new RamBlock(0, "pc.ram", 6L << 30);
    Guest guest = Guest.of(large);
    long page = (5L << 30) / PAGE;
    WriteOptions options = new WriteOptions(DirectMode.OFF, false, PAGE);
    try (SaveWriter writer = SaveWriter.create(path, SaveFormat.MAPPED_RAM, options);
        Arena arena = Arena.ofShared()) {
      writer.sink().begin(guest.header());
      writer.sink().data(large, page * PAGE, arena.allocate(PAGE).fill((byte) 1), 0, PAGE);
      writer.sink().end(guest.tail().toState());
      writer.publish();
    }
    assertThat(obstacle()).isEmpty();
    put(page + 1, 0, new byte[] {1});
    assertThat(obstacle()).contains(new MapObstacle.StaleContent(path.toString(), "pc.ram"));
  }

  @ParameterizedTest
  @EnumSource(names = {"FIXED_RAM", "MAPPED_RAM"})
  void whatFixedramWroteCanBeMapped(SaveFormat format) {
    write(format, PAGE);
    assertThat(obstacle()).isEmpty();
  }

  /** No content of an earlier pass, since files of ours have none, but a bit that was lost. */
  @Test
  void dataInAFileThatIsMarkedToHaveNone() throws IOException {
    write(SaveFormat.MAPPED_RAM, 1 << 20);
    put(PAGES - 1, PAGE - 1, new byte[] {1});
    assertThatThrownBy(this::obstacle)
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("is damaged: RAM block pc.ram has data at offset ");
  }

  @Test
  void dataOfAPageThatIsZeroNow() throws IOException {
    for (long page : new long[] {0, 4, 5, 99, 101, PAGES - 1}) {
      write(SaveFormat.MAPPED_RAM, PAGE);
      assertThat(obstacle()).isEmpty();
      put(page, 2000, new byte[] {1});
      assertThat(obstacle())
          .as("page " + page)
          .hasValueSatisfying(found -> {
            assertThat(found).isInstanceOf(MapObstacle.StaleContent.class);
            assertThat(found.sentence())
                .isEqualTo(
                    path
                        + " has old content in RAM block pc.ram where the guest has zeros, as QEMU"
                        + " leaves it in a live save");
          });
    }
  }

  @Test
  void zerosInPlaceOfHolesAreReadSinceTheyDoNoHarm() throws IOException {
    write(SaveFormat.MAPPED_RAM, PAGE);
    put(101, 0, new byte[1 << 20]);
    put(6, 0, new byte[10 * PAGE]);
    assertThat(obstacle()).isEmpty();
    put(120, PAGE - 1, new byte[] {1});
    assertThat(obstacle()).isPresent();
  }

  @Test
  void manyZerosInPlaceOfHoles() throws IOException {
    write(SaveFormat.MAPPED_RAM, PAGE);
    byte[] zeros = new byte[1 << 20];
    for (long page = 256; page < PAGES; page += zeros.length / PAGE) {
      put(page, 0, zeros);
    }
    assertThat(obstacle()).contains(new MapObstacle.TooManyZeros(path.toString(), 256 << 20));
  }

  /** A mapping would have holes there, so zeros; also in files whose regions are exact. */
  @ParameterizedTest
  @ValueSource(longs = {PAGE, 1 << 20})
  void contentInAnotherStore(long alignment) {
    write(SaveFormat.MAPPED_RAM, alignment);
    try (PageStore save = new DifferenceStore(Saves.open(path), RAM, 7, PAGES - 1)) {
      assertThat(save.isExact(RAM)).isEqualTo(alignment > PAGE);
      assertThat(MappableRegion.obstacle(save, RAM))
          .hasValueSatisfying(found -> {
            assertThat(found).isEqualTo(new MapObstacle.Elsewhere(path.toString(), RAM.name(), 2));
            assertThat(found.sentence())
                .isEqualTo(
                    path
                        + " has the content of 2 pages of RAM block pc.ram in another save that it"
                        + " builds upon");
          });
      assertThat(MappableRegion.obstacle(save, VGA)).isEmpty();
      assertThat(SaveInfo.of(save).blocks().getFirst().present()).as("1 to 3 and 100").isEqualTo(4);
    }
    try (PageStore save = new DifferenceStore(Saves.open(path), RAM)) {
      assertThat(MappableRegion.obstacle(save, RAM)).isEmpty();
    }
  }

  @Test
  void saveWithoutTheMappedBlock() {
    write(SaveFormat.FIXED_RAM, PAGE);
    try (PageStore save = Saves.open(path);
        GuestSink sink = new GuestSink()) {
      save.without(Set.of(save.header().blocks().list().getFirst())).sendTo(sink);
      assertThat(sink.guest().nonZero(RAM)).isEmpty();
    }
  }
}
