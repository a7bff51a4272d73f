// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.NaiveSeal;
import io.fixedram.testing.NaiveSeal.Range;
import io.fixedram.testing.SealedSample;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Damage of all kinds in a sealed file: it is always found, and named right. {@code
 * -Dfixedram.flips=10000} changes that many random bits instead of 200, and {@code -Dfixedram.seed}
 * chooses others.
 */
class DamageTest {
  private final Dirs dirs;
  private final Path path;

  DamageTest(@TempDir Path directory) throws IOException {
    dirs = new Dirs(directory);
    path = dirs.all().getLast().resolve("save");
  }

  @AfterEach
  void removeDirectories() throws IOException {
    dirs.close();
  }

  private static VerificationReport verify(Path file) {
    return Verification.run(file, 2, new Cancellation());
  }

  private static Guest send(Path file) {
    try (PageStore save = Saves.open(file)) {
      GuestSink sink = new GuestSink();
      save.sendTo(sink);
      return sink.guest();
    }
  }

  private static void load(Path file) {
    try (Arena arena = Arena.ofShared();
        PageStore save = Saves.open(file)) {
      GuestMemory memory = GuestMemory.allocate(arena, save.header().blocks());
      try (MemoryLoad load = MemoryLoad.open(file, memory)) {
        load.load(2);
      }
    }
  }

  private NaiveSeal seal() throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      return NaiveSeal.of(in);
    }
  }

  @ParameterizedTest
  @EnumSource(value = SaveFormat.class, names = "STREAM", mode = EnumSource.Mode.EXCLUDE)
  void wholeFiles(SaveFormat format) throws IOException {
    Guest guest = SealedSample.write(path, format);
    VerificationReport report = verify(path);
    assertThat(report.damage()).isEmpty();
    assertThat(report.isWhole()).isTrue();
    assertThat(report.fileBytes()).isEqualTo(Files.size(path));
    assertThat(report.seal().id()).isEqualTo(seal().id());
    assertThat(report.readBytes())
        .isBetween(guest.nonZeroPages() * 4096, Files.size(path) + (1 << 20));
    Guest.assertSame(send(path), guest);
    assertThatCode(() -> load(path)).doesNotThrowAnyException();
    // A copy without holes is the same save.
    Path copy = path.resolveSibling("copy");
    Files.write(copy, Files.readAllBytes(path));
    assertThat(verify(copy).isWhole()).isTrue();
    Guest.assertSame(send(copy), guest);
  }

  private void write(SaveFormat format, boolean signed) {
    if (signed) {
      SealedSample.writeSigned(path, format, SigningKey.of(new byte[32]), 1);
    } else {
      SealedSample.write(path, format);
    }
  }

  /** The first byte and the last of everything that the footer describes, and of gaps. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void oneBitOfEveryStructure(boolean signed) throws IOException {
    write(SaveFormat.MAPPED_RAM, signed);
    NaiveSeal seal = seal();
    TreeSet<Long> offsets = new TreeSet<>();
    for (Range range : seal.ranges()) {
      offsets.addAll(List.of(range.offset(), range.offset() + range.length() - 1));
      offsets.add(range.offset() + range.length());
    }
    for (long at = seal.offset(); at < Files.size(path); at += 97) {
      offsets.add(at);
    }
    // Without a key, the signature itself is only text.
    for (long at = seal.endOffset(); at < Files.size(path) - (signed ? 65 : 0); at++) {
      offsets.add(at);
    }
    long signature = signed ? Files.size(path) - 65 : Files.size(path);
    offsets.removeIf(at -> at >= signature);
    for (long offset : offsets) {
      checkFlip(seal, offset, 1 << (offset % 8));
    }
  }

  @ParameterizedTest
  @CsvSource({"MAPPED_RAM, false", "FIXED_RAM, false", "FIXED_RAM, true"})
  void randomBits(SaveFormat format, boolean signed) throws IOException {
    write(format, signed);
    NaiveSeal seal = seal();
    Random random = new Random(Long.getLong("fixedram.seed", 1));
    int flips = Integer.getInteger("fixedram.flips", 200) / 3;
    for (int i = 0; i < flips; i++) {
      // Half of them in pages, which are most of the file, and half in anything else.
      List<Range> ranges = seal.ranges().stream().filter(range -> range.length() > 0).toList();
      Range range = ranges.get(random.nextInt(ranges.size()));
      long offset =
          random.nextBoolean()
              ? (long) (random.nextDouble() * Files.size(path))
              : range.offset() + (long) (random.nextDouble() * range.length());
      checkFlip(seal, offset, 1 << random.nextInt(8));
    }
    assertThat(verify(path).isWhole()).as("all bits are as they were").isTrue();
  }

  private void checkFlip(NaiveSeal seal, long offset, int mask) throws IOException {
    SealedSample.flip(path, offset, mask);
    try {
      String what = "bit " + mask + " at offset " + offset;
      if (offset >= seal.offset()) {
        assertThatThrownBy(() -> verify(path))
            .as(what)
            .isInstanceOfAny(DamagedSaveException.class, UnsupportedSaveException.class);
        assertThatThrownBy(() -> send(path))
            .as(what)
            .isInstanceOfAny(DamagedSaveException.class, UnsupportedSaveException.class);
        return;
      }
      VerificationReport report = verify(path);
      assertThat(report.isWhole()).as(what).isFalse();
      assertThat(report.damagedRanges()).as(what).isEqualTo(1);
      assertThat(report.damage()).as(what).containsExactly(expected(seal, offset));
      checkReads(seal, offset, what);
    } finally {
      SealedSample.flip(path, offset, mask);
    }
  }

  private static Range at(NaiveSeal seal, long offset) {
    return seal.ranges().stream()
        .filter(each -> offset >= each.offset() && offset < each.offset() + each.length())
        .findFirst()
        .orElse(new Range("zeros", -1, offset, 1));
  }

  private static String name(int block) {
    return List.of(SealedSample.RAM, SealedSample.MORE, SealedSample.ROM).get(block).name();
  }

  private static DamagedRange expected(NaiveSeal seal, long offset) {
    Range range = at(seal, offset);
    return switch (range.kind()) {
      case "pages" -> {
        long inBlock = (offset - range.offset()) & -4096;
        yield DamagedRange.ofMemory(
            "memory", name(range.block()), inBlock, range.offset() + inBlock, 4096);
      }
      case "table" -> {
        int size = seal.printBytes();
        long print = (offset - range.offset()) & -size;
        yield DamagedRange.ofMemory(
            "the fingerprint of memory",
            name(range.block()),
            print / size * 4096,
            range.offset() + print,
            size);
      }
      case "entry" ->
          DamagedRange.ofBlock("the header", name(range.block()), range.offset(), range.length());
      case "bitmap" ->
          DamagedRange.ofBlock("the bitmap", name(range.block()), range.offset(), range.length());
      case "head" ->
          DamagedRange.ofBlock(
              "the head of the table of fingerprints",
              name(range.block()),
              range.offset(),
              range.length());
      case "devices" -> DamagedRange.of("the device state", range.offset(), range.length());
      case "zeros" -> DamagedRange.of("a range that must be zeros", offset, 1);
      default -> throw new IllegalStateException(range.kind());
    };
  }

  /** Whoever reads damaged bytes says so; nobody needs those between the parts. */
  private void checkReads(NaiveSeal seal, long offset, String what) {
    Range range = at(seal, offset);
    Guest guest = SealedSample.script(1).guest();
    boolean needed =
        switch (range.kind()) {
          case "zeros" -> false;
          case "table" -> {
            RamBlock block = guest.block(range.block());
            long page = (offset - range.offset()) / seal.printBytes();
            yield seal.signed()
                || block.equals(SealedSample.ROM)
                || guest.nonZero(block).containsKey(page);
          }
          default -> true;
        };
    if (!needed) {
      assertThatCode(() -> send(path)).as(what).doesNotThrowAnyException();
      return;
    }
    assertThatThrownBy(() -> send(path))
        .as(what)
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageStartingWith(path + " is damaged: ");
    if (range.kind().equals("devices")) {
      return;
    }
    assertThatThrownBy(() -> load(path)).as(what).isInstanceOf(DamagedSaveException.class);
    boolean zero =
        range.kind().equals("pages")
            && !guest
                .nonZero(guest.block(range.block()))
                .containsKey((offset - range.offset()) / 4096)
            && range.block() != SealedSample.ROM.index();
    if (range.kind().equals("table") && seal.signed()) {
      assertThatThrownBy(() -> send(path)).hasMessageContaining("the table of fingerprints of RAM");
    } else if (range.kind().equals("table") || (range.kind().equals("pages") && !zero)) {
      assertThatThrownBy(() -> send(path))
          .isInstanceOfSatisfying(
              DamagedSaveException.class,
              e -> assertThat(e.range()).contains(expected(seal, offset)));
    }
  }

  /** Pages that became a hole, as on a disk that lost them. */
  @Test
  void lostPages() throws IOException {
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    Range pages = seal().range("pages", 0);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(pages.offset() + 10 * 4096);
      file.write(new byte[100 * 4096]);
    }
    DamagedRange lost =
        DamagedRange.ofMemory(
            "memory", "pc.ram", 10 * 4096, pages.offset() + 10 * 4096, 100 * 4096);
    assertThat(verify(path).damage()).containsExactly(lost);
    assertThat(verify(path).damagedBytes()).isEqualTo(100 * 4096);
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("memory of RAM block pc.ram at offset 40960 (")
        .hasMessageContaining("at offset " + (pages.offset() + 40960) + " of the file)");
  }

  @Test
  void truncatedAtEveryBoundary() throws IOException {
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    NaiveSeal seal = seal();
    TreeSet<Long> lengths = new TreeSet<>(List.of(0L, 1L, 4L, 7L, 8L));
    for (Range range : seal.ranges()) {
      for (long off = -1; off <= 1; off++) {
        lengths.add(Math.max(0, range.offset() + off));
        lengths.add(range.offset() + range.length() + off);
      }
    }
    for (long off = 0; off < Files.size(path) - seal.offset(); off += 61) {
      lengths.add(seal.offset() + off);
    }
    for (long fromEnd = 1; fromEnd < 84; fromEnd++) {
      lengths.add(Files.size(path) - fromEnd);
    }
    Path whole = path.resolveSibling("whole");
    Files.move(path, whole);
    for (long length : lengths) {
      Files.copy(whole, path, StandardCopyOption.REPLACE_EXISTING);
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.setLength(length);
      }
      assertThatThrownBy(() -> send(path))
          .as("%d bytes", length)
          .isInstanceOf(DamagedSaveException.class);
      assertThatThrownBy(() -> verify(path))
          .as("%d bytes", length)
          .isInstanceOf(DamagedSaveException.class);
    }
    // Something behind it is no better.
    Files.copy(whole, path, StandardCopyOption.REPLACE_EXISTING);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(file.length());
      file.write('\n');
    }
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("the footer at the end of the file is missing or damaged");
  }

  private byte[] read(Range range) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      byte[] bytes = new byte[(int) range.length()];
      file.seek(range.offset());
      file.readFully(bytes);
      return bytes;
    }
  }

  private void write(long offset, byte... bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(offset);
      file.write(bytes);
    }
  }

  private void swap(String kind) throws IOException {
    Range first = seal().range(kind, 0);
    Range second = seal().range(kind, 1);
    byte[] of = read(first);
    write(first.offset(), read(second));
    write(second.offset(), of);
  }

  @Test
  void swappedTables() throws IOException {
    SealedSample.write(path, SaveFormat.FIXED_RAM);
    swap("table");
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("the fingerprint of memory of RAM block pc.ram at offset 0");
    assertThat(verify(path).damage())
        .allSatisfy(each -> assertThat(each.what()).isEqualTo("the fingerprint of memory"));
    swap("head");
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("the head of the table of fingerprints of RAM block pc.ram");
  }

  @Test
  void footerOfAnotherSave() throws IOException {
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    Path other = path.resolveSibling("other");
    SealedSample.write(other, SaveFormat.MAPPED_RAM, WriteOptions.defaults(), 1);
    byte[] all = Files.readAllBytes(other);
    int offset = Math.toIntExact(seal().offset());
    byte[] footer = Arrays.copyOfRange(all, offset, all.length);
    write(Files.size(path), footer);
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("it is of another save, or bytes before it are missing");
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    write(offset, footer);
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("its footer is of save ")
        .hasMessageContaining("but RAM block pc.ram is of save ");
  }

  @Test
  void otherVersions() throws IOException {
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    write(Files.size(path) - 82 + "fixedram end ".length(), (byte) '3');
    for (Runnable use : List.<Runnable>of(() -> send(path), () -> verify(path))) {
      assertThatThrownBy(use::run)
          .isInstanceOf(UnsupportedSaveException.class)
          .hasMessage(
              path
                  + " has a footer of version 3, of a newer fixedram; only versions 1 and 2 are"
                  + " known");
    }
    write(Files.size(path) - 82 + "fixedram end ".length(), (byte) '0');
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("its last line is not as it was written");
    // Another version of the program that writes the same format.
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    reseal(text -> text.replaceFirst("(writer )[^\\n]*", "$1fixedram 0.0.1"));
    send(path);
    assertThat(verify(path).seal().writer()).isEqualTo("fixedram 0.0.1");
    // The files of earlier versions have no seal.
    Guest guest =
        SealedSample.write(path, SaveFormat.MAPPED_RAM, WriteOptions.defaults().notSealed(), 1);
    Guest.assertSame(send(path), guest);
    assertThatThrownBy(() -> verify(path))
        .isInstanceOfSatisfying(
            FixedRamException.class, e -> assertThat(e.remedies()).containsExactly(Remedy.SEAL))
        .isNotInstanceOf(DamagedSaveException.class);
  }

  /** Changes the text of the seal, and makes its digest right again. */
  private void reseal(UnaryOperator<String> change) throws IOException {
    long offset = seal().offset();
    String text =
        new String(
            read(new Range("seal", -1, offset, Files.size(path) - 82 - offset)),
            StandardCharsets.US_ASCII);
    String changed = change.apply(text);
    assertThat(changed).isNotEqualTo(text);
    byte[] bytes = changed.getBytes(StandardCharsets.US_ASCII);
    String end =
        "fixedram end 1 %016x %016x %s\n".formatted(offset, bytes.length, NaiveSeal.digest(bytes));
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(offset);
    }
    write(offset, (changed + end).getBytes(StandardCharsets.US_ASCII));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // Parts that overlap, are outside of the file, wrap, or are missing.
        "(part devices -+ )[0-9a-f]{16} | $10000000000001000 | not in order",
        "(part bitmap 0000000000000000 [0-9a-f]{16} )[0-9a-f]{16} | $10000000000010000 | overlap",
        "(part devices -+ [0-9a-f]{16} )[0-9a-f]{16} | $10000000100000000 | outside",
        "(part devices -+ [0-9a-f]{16} )[0-9a-f]{16} | $17fffffffffffffff | outside",
        "(part devices -+ [0-9a-f]{16} )[0-9a-f]{16} | $1fffffffffffffff0 | not a number",
        "part devices[^\\n]*\\n | '' | missing",
        "part table 0000000000000001[^\\n]*\\n | '' | missing",
        "(part table )0000000000000001 | $10000000000000000 | not possible",
        "(part )devices | $1table | not possible",
        "(part table )0000000000000001 | $10000000000000003 | not described",
        // Blocks that aren't those of the header.
        "(page-size )0000000000001000 | $10000000000002000 | not possible",
        "(page-size )0000000000001000 | $10000000000000000 | can't have 0 bytes",
        "(page-size )0000000000001000 | $10000000000000003 | can't have 3 bytes",
        "pc.rom | pc.rim | other RAM blocks",
        "pc.rom | %70c.rom | not a name",
        "(block 000000000000000)2 | $13 | not in its place",
        // Other words.
        "fixedram-128 | sha-256 | not of the kind fixedram-128",
        "fixedram seal 1 | fixedram seal 2 | begin with its version",
        "(save )[^\\n]* | $11-1-1-1-1 | not an id",
        "(writer )[^\\n]* | $1 | no name",
        "(part devices -+ [0-9a-f]{16} [0-9a-f]{16} ). | $1G | not described",
      })
  void impossibleFooters(String pattern, String replacement, String why) throws IOException {
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    reseal(text -> text.replaceFirst(pattern, replacement));
    assertThatThrownBy(() -> send(path))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining(why);
    assertThatThrownBy(() -> verify(path).throwIfDamaged())
        .isInstanceOf(DamagedSaveException.class);
  }
}
