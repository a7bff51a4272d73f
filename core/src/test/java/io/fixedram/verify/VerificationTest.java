// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.seal.SealedFile;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyStore;
import io.fixedram.testing.NaiveSeal;
import io.fixedram.testing.NaiveSeal.Range;
import io.fixedram.testing.SealedSample;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks that can't read, and files that claim to be huge. */
class VerificationTest {
  private static final long TERA = 1L << 40;

  private final Dirs dirs;
  private final Path path;

  VerificationTest(@TempDir Path directory) throws IOException {
    dirs = new Dirs(directory);
    path = dirs.all().getLast().resolve("save");
  }

  @AfterEach
  void removeDirectories() throws IOException {
    dirs.close();
  }

  private NaiveSeal seal() throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      return NaiveSeal.of(in);
    }
  }

  private VerificationReport verify(Consumer<FaultyStore> damage) {
    try (FaultyStore store = new FaultyStore(LocalFile.open(path))) {
      SealedFile file = SealedFile.open(store, Optional.empty()).orElseThrow();
      damage.accept(store);
      return Verification.run(store, file, 2, new Cancellation());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void unreadableRanges(boolean signed) throws IOException {
    if (signed) {
      SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, SigningKey.of(new byte[32]), 1);
    } else {
      SealedSample.write(path, SaveFormat.MAPPED_RAM);
    }
    NaiveSeal seal = seal();
    Range pages = seal.range("pages", 0);
    Range more = seal.range("pages", 1);
    assertThat(
            verify(
                    store -> {
                      store.damage(pages.offset() + 10 * 4096 + 700, 4096);
                      store.damage(more.offset() + 33 * 4096, 1);
                    })
                .damage())
        .containsExactly(memory("pc.ram", pages, 10, 2), memory("/objects/more", more, 33, 1));
    Range bitmap = seal.range("bitmap", 1);
    Range devices = seal.range("devices", -1);
    assertThat(
            verify(
                    store -> {
                      store.damage(bitmap.offset(), 1);
                      store.damage(devices.offset() + devices.length() - 1, 1);
                    })
                .damage())
        .contains(
            DamagedRange.ofBlock("the bitmap", "/objects/more", bitmap.offset(), bitmap.length())
                .unreadable(),
            DamagedRange.of("the device state", devices.offset(), devices.length()).unreadable());
    // Those of all pages in a sector.
    Range table = seal.range("table", 0);
    DamagedRange prints =
        DamagedRange.ofMemory(
            "the unreadable fingerprint of memory", "pc.ram", 0, table.offset(), 512);
    VerificationReport report = verify(store -> store.damage(table.offset(), 1));
    assertThat(report.damage()).containsExactly(prints);
  }

  private static DamagedRange memory(String block, Range pages, long first, long count) {
    return DamagedRange.ofMemory(
        "unreadable memory", block, first * 4096, pages.offset() + first * 4096, count * 4096);
  }

  /** Bytes behind the device state, most of which are a hole. */
  @Test
  @Timeout(60)
  void hugeParts() throws IOException {
    WriteOptions plain = new WriteOptions(DirectMode.AUTO, false, 1 << 20).notSealed();
    SealedSample.write(path, SaveFormat.MAPPED_RAM, plain, 1);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(4 * TERA);
      file.write(1);
    }
    Sealing.run(path, 2, new Cancellation());
    VerificationReport report = Verification.run(path, 2, new Cancellation());
    assertThat(report.damage()).isEmpty();
    assertThat(report.fileBytes()).isGreaterThan(4 * TERA);
    assertThat(report.readBytes()).isLessThan(32 << 20);
    SealedSample.flip(path, 3 * TERA, 1);
    assertThat(Verification.run(path, 2, new Cancellation()).damage()).hasSize(1);
  }

  /** A footer that describes blocks of terabytes in a file that has nothing else. */
  @Test
  @Timeout(60)
  void hugeBlocks() throws IOException {
    String none = "0".repeat(32);
    String zero = "0".repeat(16);
    long table = TERA >> 8;
    String text =
        "fixedram seal 1\nsave 00112233-4455-6677-8899-aabbccddeeff\nwriter somebody\n"
            + "prints fixedram-128\npage-size 0000000000001000\n"
            + "block %s %016x %016x %s pc.ram\n".formatted(zero, TERA, 2 * TERA, "-".repeat(16))
            + "part entry %s %s %s %s\n".formatted(zero, zero, zero, none)
            + "part bitmap %s %s %016x %s\n".formatted(zero, zero, (2 * TERA) >> 15, none)
            + "part table %s %016x %016x %s\n".formatted(zero, table, (2 * TERA) >> 8, none)
            + "part devices %s %016x %s %s\n".formatted("-".repeat(16), 3 * TERA, zero, none);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(4 * TERA);
      file.write(
          (text + NaiveSeal.end(4 * TERA, text, false) + "\n").getBytes(StandardCharsets.US_ASCII));
    }
    assertThatThrownBy(() -> Verification.run(path, 2, new Cancellation()))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("it does not begin like a QEMU migration stream or save");
    // One byte of the pages is damage that is found.
    SealedSample.flip(path, 2 * TERA + 5, 1);
    VerificationReport report = Verification.run(path, 2, new Cancellation());
    assertThat(report.damage())
        .containsExactly(DamagedRange.ofMemory("memory", "pc.ram", TERA, 2 * TERA, 4096));
    assertThat(report.readBytes()).isLessThan(32 << 20);
    assertThat(Files.size(path)).isGreaterThan(4 * TERA);
  }
}
