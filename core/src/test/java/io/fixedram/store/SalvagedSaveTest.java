// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.LocalFile;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.seal.SealedFile;
import io.fixedram.testing.FaultyStore;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.NaiveSeal;
import io.fixedram.testing.NaiveSeal.Range;
import io.fixedram.testing.SealedSample;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SalvagedSaveTest {
  private final Path path;
  private final Path target;

  SalvagedSaveTest(@TempDir Path directory) {
    path = directory.resolve("save");
    target = directory.resolve("salvaged");
  }

  private NaiveSeal seal() throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      return NaiveSeal.of(in);
    }
  }

  private static DamagedRange memory(RamBlock block, Range pages, long first, long count) {
    return DamagedRange.ofMemory(
        "memory", block.name(), first * 4096, pages.offset() + first * 4096, count * 4096);
  }

  private void write(boolean signed) {
    WriteOptions options = WriteOptions.defaults();
    try (SaveWriter writer =
        SaveWriter.create(
            path,
            SaveFormat.MAPPED_RAM,
            signed ? options.signed(SigningKey.of(new byte[32])) : options)) {
      SealedSample.script(1).sendTo(writer.sink());
      writer.manifest("{}");
      writer.publish();
    }
  }

  /** What a reader gets of it, after it was written to a file again. */
  private Guest copy(SalvagedSave save) {
    try (SaveWriter writer =
        SaveWriter.create(target, SaveFormat.MAPPED_RAM, WriteOptions.defaults())) {
      save.sendTo(writer.sink());
      save.manifest().ifPresent(writer::manifest);
      writer.publish();
    }
    try (PageStore copied = Saves.open(target)) {
      GuestSink sink = new GuestSink();
      copied.sendTo(sink);
      return sink.guest();
    }
  }

  private static void assertLost(Guest found, Map<RamBlock, long[]> lost) {
    Guest guest = SealedSample.script(1).guest();
    for (RamBlock block : guest.blocks()) {
      Map<Long, byte[]> wanted = new TreeMap<>(guest.nonZero(block));
      long[] pages = lost.getOrDefault(block, new long[0]);
      wanted.keySet().removeAll(Arrays.stream(pages).boxed().toList());
      Map<Long, byte[]> pagesFound = found.nonZero(block);
      assertThat(pagesFound.keySet()).as("%s", block).isEqualTo(wanted.keySet());
      wanted.forEach((page, content) -> assertThat(pagesFound.get(page)).isEqualTo(content));
    }
  }

  @Test
  void wholeFilesLoseNothing() {
    write(false);
    try (SalvagedSave save = SalvagedSave.open(path)) {
      assertLost(copy(save), Map.of());
      assertThat(save.damage()).isEmpty();
      assertThat(save.damagedRanges()).isZero();
      assertThat(save.manifest()).contains("{}");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void damagedPagesAreLost(boolean signed) throws IOException {
    write(signed);
    NaiveSeal seal = seal();
    Range pages = seal.range("pages", 0);
    Range more = seal.range("pages", 1);
    for (long offset :
        new long[] {
          pages.offset() + 20 * 4096 + 7,
          pages.offset() + 21 * 4096,
          more.offset() + 33 * 4096 + 4095,
          seal.range("bitmap", 1).offset() + 3,
          seal.range("head", 0).offset() + 40,
          seal.range("manifest", -1).offset() + 38,
          // The fingerprint of page 5.
          seal.range("table", 0).offset() + 5L * seal.printBytes(),
        }) {
      SealedSample.flip(path, offset, 1);
    }
    try (SalvagedSave save = SalvagedSave.open(path)) {
      assertLost(
          copy(save),
          Map.of(SealedSample.RAM, new long[] {5, 20, 21}, SealedSample.MORE, new long[] {33}));
      Range bitmap = seal.range("bitmap", 1);
      Range manifest = seal.range("manifest", -1);
      assertThat(save.damage())
          .containsExactlyInAnyOrder(
              memory(SealedSample.RAM, pages, 5, 1),
              memory(SealedSample.RAM, pages, 20, 2),
              memory(SealedSample.MORE, more, 33, 1),
              DamagedRange.ofBlock(
                  "the bitmap", SealedSample.MORE.name(), bitmap.offset(), bitmap.length()),
              DamagedRange.of("the manifest", manifest.offset(), manifest.length()));
      assertThat(save.damagedRanges()).isEqualTo(5);
      assertThat(save.damagedBytes()).isEqualTo(4 * 4096 + bitmap.length() + manifest.length());
    }
  }

  @Test
  void pagesThatTheDiskCantReadAreLost() throws IOException {
    write(false);
    NaiveSeal seal = seal();
    Range pages = seal.range("pages", 0);
    FaultyStore store = new FaultyStore(LocalFile.open(path));
    SealedFile sealed = SealedFile.open(store, Optional.empty()).orElseThrow();
    store.damage(pages.offset() + 44 * 4096 + 600, 1);
    try (SalvagedSave save = SalvagedSave.open(store, sealed)) {
      assertLost(copy(save), Map.of(SealedSample.RAM, new long[] {44}));
      assertThat(save.damage())
          .containsExactly(memory(SealedSample.RAM, pages, 44, 1).unreadable());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "entry, 0, the header of RAM block pc.ram",
    "entry, 2, the header of RAM block pc.rom",
    "devices, -1, the device state"
  })
  void headerAndDeviceStateMustBeWhole(String kind, int block, String what) throws IOException {
    write(false);
    Range range = seal().range(kind, block);
    SealedSample.flip(path, range.offset() + range.length() / 2, 4);
    assertThatThrownBy(() -> SalvagedSave.open(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining(what);
  }

  @Test
  void footersMustBeWhole() throws IOException {
    write(false);
    SealedSample.flip(path, Files.size(path) - 300, 4);
    assertThatThrownBy(() -> SalvagedSave.open(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("footer");
    SealedSample.write(path, SaveFormat.MAPPED_RAM, WriteOptions.defaults().notSealed(), 1);
    assertThatThrownBy(() -> SalvagedSave.open(path))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("has no fingerprints");
  }
}
