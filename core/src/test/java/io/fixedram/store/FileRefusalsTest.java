// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each sentence by which a file is refused, besides those of streams. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FileRefusalsTest {
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 8192);
  private static final Configuration PC = Configuration.of("pc");

  private final Path directory;
  private final Path path;

  FileRefusalsTest(@TempDir Path directory) {
    this.directory = directory;
    this.path = directory.resolve("save");
  }

  private static Bytes mapped(Consumer<Bytes> fields) {
    Bytes out = new Bytes().head(PC, "mapped-ram").startRam(2).memSize(8192).entry(RAM);
    fields.accept(out);
    return out.zeros(40_000);
  }

  private static Configuration with(String capability) {
    return PC.withCapabilities(List.of(capability));
  }

  /** Two blocks, the second with its pages at an offset. */
  private static Bytes secondBlockAt(long pagesOffset) {
    Bytes out = new Bytes().head(PC, "mapped-ram").startRam(2).memSize(12288).entry(RAM);
    out.be32(1).be64(4096).be64(out.size() + 16L).be64(4096).zeros(8).padTo(4096).zeros(8192);
    out.entry(new RamBlock(1, "pc.rom", 4096));
    return out.be32(1).be64(4096).be64(out.size() + 16L).be64(pagesOffset).zeros(40_000);
  }

  private static Bytes fixed(Consumer<Bytes> fields) {
    Bytes out = new Bytes().head(PC, "fixed-ram").startRam(2).memSize(8192).entry(RAM);
    fields.accept(out);
    return out.zeros(40_000);
  }

  /** Where the fields begin, and right behind them. */
  private static final int MAPPED = mapped(out -> {}).size() - 40_000;

  private static final int MAPPED_END = MAPPED + 28;
  private static final int FIXED = fixed(out -> {}).size() - 40_000;
  private static final int FIXED_END = FIXED + 12;

  private static Arguments places(
      String name, Bytes file, long at, String bitmapAt, String pagesAt) {
    return damaged(
        name,
        file,
        " is damaged at offset "
            + at
            + ": RAM block pc.ram cannot have its bitmap at "
            + bitmapAt
            + " and its pages at "
            + pagesAt);
  }

  private static Arguments damaged(String name, Bytes file, String message) {
    return argumentSet(name, file.toArray(), DamagedSaveException.class, message);
  }

  private static Arguments mappedPlaces(String name, long bitmapAt, long pagesAt) {
    return places(
        name,
        mapped(out -> out.be32(1).be64(4096).be64(bitmapAt).be64(pagesAt)),
        MAPPED,
        Long.toUnsignedString(bitmapAt),
        Long.toUnsignedString(pagesAt));
  }

  static Stream<Arguments> heads() {
    return Stream.of(
        argumentSet(
            "another version",
            mapped(out -> out.be32(2).be64(4096).be64(MAPPED_END).be64(4096)).toArray(),
            UnsupportedSaveException.class,
            " lays out RAM block pc.ram by version 2 of mapped-ram; only version 1 is known"),
        damaged(
            "pages of another size",
            mapped(out -> out.be32(1).be64(8192).be64(MAPPED_END).be64(8192)),
            " is damaged at offset "
                + MAPPED
                + ": RAM block pc.ram has pages of 8192 bytes, not of 4096"),
        damaged(
            "pages of no size",
            mapped(out -> out.be32(1).be64(0).be64(MAPPED_END).be64(4096)),
            " is damaged at offset " + MAPPED + ": what follows the entry of RAM block pc.ram"),
        damaged(
            "pages of three bytes",
            mapped(out -> out.be32(1).be64(3).be64(MAPPED_END).be64(4096)),
            " is damaged at offset " + MAPPED + ": what follows the entry of RAM block pc.ram"),
        damaged(
            "pages in those of another block",
            secondBlockAt(4096),
            " is damaged at offset "
                + (4096 + 8192 + 7 + 8)
                + ": RAM block pc.rom cannot have its bitmap at "
                + (4096 + 8192 + 7 + 8 + 28)
                + " and its pages at 4096"),
        argumentSet(
            "pages laid out in two ways",
            new Bytes().head(with("fixed-ram"), "mapped-ram").zeros(100).toArray(),
            DamagedSaveException.class,
            " is damaged at offset 0: its pages are laid out by both mapped-ram and fixed-ram"),
        argumentSet(
            "a capability that is not known",
            new Bytes().head(with("x-other"), "mapped-ram").zeros(100).toArray(),
            UnsupportedSaveException.class,
            " was saved with the capability x-other (offset 0), which is not known"),
        mappedPlaces("a bitmap within the fields", MAPPED_END - 1, 4096),
        mappedPlaces("pages before the bitmap", MAPPED_END + 8, MAPPED_END),
        mappedPlaces("no room for the bitmap", 4096, 4096),
        mappedPlaces("pages that are not aligned", MAPPED_END, 4097),
        mappedPlaces("a bitmap at a negative offset", -8, 4096),
        mappedPlaces("pages at a negative offset", MAPPED_END, -4096),
        mappedPlaces("pages that end at a negative offset", MAPPED_END, Long.MAX_VALUE & -4096),
        damaged(
            "a bitmap of nothing",
            fixed(out -> out.be32(0).be64(4096)),
            " is damaged at offset " + FIXED + ": what follows the entry of RAM block pc.ram"),
        damaged(
            "pages that are not aligned",
            fixed(out -> out.be32(8).be64(FIXED_END + 8)),
            " is damaged at offset " + FIXED + ": what follows the entry of RAM block pc.ram"),
        damaged(
            "pages before the end of the bitmap",
            fixed(out -> out.be32(8000).be64(4096)),
            " is damaged at offset " + FIXED + ": what follows the entry of RAM block pc.ram"),
        damaged(
            "pages very far away",
            fixed(out -> out.be32(8).be64(1L << 62)),
            " is damaged at offset " + FIXED + ": what follows the entry of RAM block pc.ram"),
        damaged(
            "pages past the end of the file",
            fixed(out -> out.be32(8).be64(1 << 20)),
            " is incomplete: it has "
                + (FIXED_END + 40_000)
                + " bytes, and the pages of RAM block pc.ram end at offset "
                + ((1 << 20) + 8192)));
  }

  @ParameterizedTest
  @MethodSource("heads")
  void headIsRefused(byte[] file, Class<? extends FixedRamException> type, String message)
      throws IOException {
    Files.write(path, file);
    assertThatThrownBy(() -> Saves.open(path)).isExactlyInstanceOf(type).hasMessage(path + message);
    assertThatThrownBy(() -> SaveInfo.of(path)).isExactlyInstanceOf(type);
  }

  private static Guest guest() {
    Guest guest = Guest.of(RAM);
    byte[] page = new byte[4096];
    page[9] = 9;
    guest.put(RAM, 4096, page);
    return guest;
  }

  static Stream<Arguments> rests() {
    byte[] fixed = Bytes.fixedRam(guest(), 4096, 1);
    byte[] mapped = Bytes.mappedRam(guest(), 4096, 1);
    int end = 4096 + 8192;
    return Stream.of(
        argumentSet(
            "no end of the list",
            changed(fixed, end, (byte) 1),
            " is damaged at offset " + end + ": the end of a ram payload is not here"),
        argumentSet(
            "a part with something in it",
            changed(mapped, end + 8 + 5 + 5, (byte) 1),
            " is damaged at offset "
                + (end + 8 + 5 + 5)
                + ": the end of a ram payload is not here"),
        argumentSet(
            "the footer of another section",
            changed(fixed, end + 8 + 1, (byte) 1),
            " is damaged at offset "
                + (end + 8)
                + ": the footer of section 16777218 ends section 2"));
  }

  private static byte[] changed(byte[] file, int at, byte value) {
    byte[] copy = file.clone();
    copy[at] = value;
    return copy;
  }

  /** The head is whole, so that much can be told of such a file; it can't be sent. */
  @ParameterizedTest
  @MethodSource("rests")
  void restIsRefused(byte[] file, String message) throws IOException {
    Files.write(path, file);
    SaveInfo info = SaveInfo.of(path);
    assertThat(info.complete()).isFalse();
    assertThat(info.deviceStateBytes()).isZero();
    assertThat(info.blocks().getFirst().present()).isEqualTo(1);
    assertThat(info.problem()).get().isExactlyInstanceOf(DamagedSaveException.class);
    assertThat(info.problem().orElseThrow()).hasMessage(path + message);
    try (PageStore save = Saves.open(path)) {
      assertThatThrownBy(() -> save.sendTo(new GuestSink())).hasMessage(path + message);
      assertThatThrownBy(() -> save.deviceState()).hasMessage(path + message);
    }
  }

  @Test
  void fileThatShrinksWhileItIsRead() throws IOException {
    Files.write(path, Bytes.fixedRam(guest(), 4096, 1));
    try (PageStore save = Saves.open(path)) {
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.setLength(4096 + 5000);
      }
      assertThatThrownBy(() -> save.sendTo(new GuestSink()))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessage(path + " is incomplete: it ends at offset " + (4096 + 5000));
    }
  }

  @Test
  void notRegularFiles() throws IOException, InterruptedException {
    assertThatThrownBy(() -> Saves.open(directory))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot read " + directory + ": it is not a regular file");
    assertThatThrownBy(() -> Saves.open(path))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot open " + path + ": no such file or directory");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/mkfifo")), "there is no mkfifo here");
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
    // Nobody writes into it, and nobody waits for that.
    assertThatThrownBy(() -> Saves.open(path))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot read " + path + ": it is not a regular file");
  }

  @Test
  void streamThatIsDamagedIsStillDescribed() throws IOException {
    byte[] stream = Bytes.stream(guest());
    Files.write(path, changed(stream, stream.length - 2, (byte) 1));
    SaveInfo info = SaveInfo.of(path);
    assertThat(info.format()).isEqualTo(SaveFormat.STREAM);
    assertThat(info.complete()).isFalse();
    assertThat(info.problem().orElseThrow()).hasMessageContaining("the footer of section");
    assertThat(info.blocks().getFirst().present()).isEqualTo(1);
  }
}
