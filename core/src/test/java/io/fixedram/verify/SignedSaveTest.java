// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.error.UntrustedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.layout.SaveSeal.Signature;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.NaiveSeal;
import io.fixedram.testing.NaiveSeal.Range;
import io.fixedram.testing.SealedSample;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Signed files: who has the key accepts nothing that was made without it. */
class SignedSaveTest {
  private static final byte[] SECRET =
      "0123456789abcdefghijklmnopqrstuvwxyz".getBytes(StandardCharsets.US_ASCII);
  private static final SigningKey KEY = SigningKey.of(SECRET);
  private static final SigningKey OTHER = SigningKey.of(new byte[32]);

  private final Dirs dirs;
  private final Path path;

  SignedSaveTest(@TempDir Path directory) throws IOException {
    dirs = new Dirs(directory);
    path = dirs.all().getLast().resolve("save");
  }

  @AfterEach
  void removeDirectories() throws IOException {
    dirs.close();
  }

  private VerificationReport verify(Optional<SigningKey> key) {
    return Verification.run(path, 2, key, new Cancellation());
  }

  private Guest send(Optional<SigningKey> key) {
    try (PageStore save = Saves.open(path, key)) {
      return send(save);
    }
  }

  private static Guest send(PageStore save) {
    GuestSink sink = new GuestSink();
    save.sendTo(sink);
    return sink.guest();
  }

  private NaiveSeal seal() throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      return NaiveSeal.of(in);
    }
  }

  private byte[] read(long offset, long length) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      byte[] bytes = new byte[Math.toIntExact(length)];
      file.seek(offset);
      file.readFully(bytes);
      return bytes;
    }
  }

  private void write(long offset, byte[] bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(offset);
      file.write(bytes);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Replaces the footer by one with these lines, whose digest is right. */
  private void putFooter(String text, boolean signed, String signature) throws IOException {
    long offset = seal().offset();
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(offset);
    }
    write(
        offset,
        ascii(text + NaiveSeal.end(offset, text, signed) + (signed ? " " + signature : "") + "\n"));
  }

  private String text() throws IOException {
    return seal().text();
  }

  private String signature() throws IOException {
    return new String(read(Files.size(path) - 65, 64), StandardCharsets.US_ASCII);
  }

  private void assertUntrusted() {
    assertThatThrownBy(() -> send(Optional.of(KEY)))
        .isInstanceOf(UntrustedSaveException.class)
        .hasMessageContaining(path + " is not signed");
    assertThatThrownBy(() -> verify(Optional.of(KEY))).isInstanceOf(UntrustedSaveException.class);
  }

  @ParameterizedTest
  @EnumSource(value = SaveFormat.class, names = "STREAM", mode = EnumSource.Mode.EXCLUDE)
  void roundTrip(SaveFormat format) throws IOException {
    Guest guest = SealedSample.writeSigned(path, format, KEY, 1);
    for (Optional<SigningKey> key : List.of(Optional.of(KEY), Optional.<SigningKey>empty())) {
      Signature signature = key.isPresent() ? Signature.CHECKED : Signature.NOT_CHECKED;
      VerificationReport report = verify(key);
      assertThat(report.damage()).isEmpty();
      assertThat(report.seal().signature()).isEqualTo(signature);
      assertThat(report.seal().signed()).isTrue();
      Guest.assertSame(send(key), guest);
      try (PageStore save = Saves.open(path, key)) {
        assertThat(SaveInfo.of(save).seal()).contains(report.seal());
        load(save);
      }
    }
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      TreeMap<Long, Long> all = new TreeMap<>();
      all.put(0L, in.length());
      NaiveSeal.check(in, guest, all);
      NaiveSeal seal = NaiveSeal.of(in);
      assertThat(seal.signed()).isTrue();
      assertThat(seal.signature())
          .isEqualTo(NaiveSeal.signature(SECRET, seal.id(), seal.offset(), seal.text()));
    }
  }

  private static void load(PageStore save) {
    try (Arena arena = Arena.ofShared()) {
      GuestMemory memory = GuestMemory.allocate(arena, save.header().blocks());
      MemoryLoad.open(save, memory).load(2);
    }
  }

  @Test
  void otherKeys() {
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, OTHER, 1);
    assertUntrusted();
    assertThatThrownBy(() -> send(Optional.of(KEY)))
        .hasMessageContaining("another key signed it, or it was changed since");
  }

  @Test
  void filesWithoutASignature() {
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    assertUntrusted();
    assertThatThrownBy(() -> send(Optional.of(KEY)))
        .isInstanceOfSatisfying(
            UntrustedSaveException.class,
            e -> assertThat(e.remedies()).containsExactly(Remedy.DO_WITHOUT_KEY));
    WriteOptions notSealed = WriteOptions.defaults().notSealed();
    for (SaveFormat format : SaveFormat.values()) {
      SealedSample.write(path, format, notSealed, 1);
      assertUntrusted();
    }
  }

  /** A footer that says that its fingerprints are fast ones, with digests that fit. */
  @Test
  void downgrades() throws IOException {
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, KEY, 1);
    String text = text();
    String signature = signature();
    putFooter(text.replace("prints sha-256", "prints fixedram-128"), true, signature);
    assertUntrusted();
    assertThatThrownBy(() -> send(Optional.empty()))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("its fingerprints are not of the kind sha-256");
    putFooter(text.replace("seal 2", "seal 1"), true, signature);
    assertThatThrownBy(() -> send(Optional.of(KEY))).isInstanceOf(DamagedSaveException.class);
    putFooter(
        text.replace("seal 2", "seal 1").replace("prints sha-256", "prints fixedram-128"),
        false,
        "");
    assertUntrusted();
    assertThatThrownBy(() -> send(Optional.empty())).isInstanceOf(DamagedSaveException.class);
    // All of it written anew, as anybody can.
    Files.delete(path);
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    assertUntrusted();
  }

  /** Somebody without the key changes a page, and whatever follows from that. */
  @Test
  void pageWithDigestsThatFit() throws Exception {
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, KEY, 1);
    String signature = signature();
    forge();
    assertThat(verify(Optional.empty()).isWhole()).as("without a key").isTrue();
    assertUntrusted();
    // With the key, the new footer is signed, and accepted.
    String text = text();
    assertThat(signature()).isEqualTo(signature);
    putFooter(text, true, NaiveSeal.signature(SECRET, seal().id(), seal().offset(), text));
    assertThat(verify(Optional.of(KEY)).isWhole()).isTrue();
  }

  private void forge() throws IOException, GeneralSecurityException {
    NaiveSeal seal = seal();
    changePage(seal);
    Range table = seal.range("table", 0);
    String text = text();
    String old =
        text.lines()
            .filter(line -> line.startsWith("part table 0000000000000000"))
            .findFirst()
            .orElseThrow();
    String digest = NaiveSeal.digest(read(table.offset(), table.length()), true);
    putFooter(text.replace(old, old.substring(0, old.length() - 64) + digest), true, signature());
  }

  /** Changes a page and its fingerprint. */
  private void changePage(NaiveSeal seal) throws IOException, GeneralSecurityException {
    Range pages = seal.range("pages", 0);
    byte[] page = read(pages.offset() + 5 * 4096, 4096);
    page[17] ^= 4;
    write(pages.offset() + 5 * 4096, page);
    write(
        seal.range("table", 0).offset() + 5 * 32,
        MessageDigest.getInstance("SHA-256").digest(page));
  }

  /** What is written to the file after it was opened is not taken for what was signed. */
  @Test
  void changesAfterTheCheck() throws Exception {
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, KEY, 1);
    Path whole = path.resolveSibling("whole");
    Files.copy(path, whole);
    NaiveSeal seal = seal();
    RamBlock ram = SealedSample.RAM;
    try (PageStore save = Saves.open(path, Optional.of(KEY))) {
      // Checks the table.
      save.blocks().forEach(save::pages);
      readPage(save, 6);
      changePage(seal);
      assertThatThrownBy(() -> readPage(save, 5)).isInstanceOf(DamagedSaveException.class);
    }
    restore(whole);
    try (PageStore save = Saves.open(path, Optional.of(KEY))) {
      var _ = save.pages(ram);
      write(seal.range("bitmap", 0).offset(), new byte[8]);
      assertThatThrownBy(() -> save.pages(ram)).isInstanceOf(DamagedSaveException.class);
    }
    restore(whole);
    try (PageStore save = Saves.open(path, Optional.of(KEY))) {
      Range devices = seal.range("devices", -1);
      SealedSample.flip(path, devices.offset() + devices.length() / 2, 1);
      // Read when the save was opened.
      assertThat(save.deviceState().sizeBytes()).isPositive();
    }
    assertThatThrownBy(() -> send(Optional.of(KEY))).isInstanceOf(DamagedSaveException.class);
  }

  private void restore(Path whole) throws IOException {
    Files.copy(whole, path, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void readPage(PageStore save, long page) {
    try (Arena arena = Arena.ofConfined()) {
      save.read(save.pages(SealedSample.RAM), page, page + 1, arena.allocate(4096, 4096), 0);
    }
  }

  @Test
  void footersOfOtherSaves() throws IOException {
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, KEY, 1);
    NaiveSeal seal = seal();
    byte[] footer = read(seal.offset(), Files.size(path) - seal.offset());
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, KEY, 1);
    write(seal.offset(), footer);
    for (Optional<SigningKey> key : List.of(Optional.of(KEY), Optional.<SigningKey>empty())) {
      assertThatThrownBy(() -> send(key))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining("its footer is of save ");
    }
    // The signature alone.
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, KEY, 1);
    write(Files.size(path) - 65, Arrays.copyOfRange(footer, footer.length - 65, footer.length));
    assertUntrusted();
  }

  @Test
  void truncated() throws IOException {
    SealedSample.writeSigned(path, SaveFormat.MAPPED_RAM, KEY, 1);
    NaiveSeal seal = seal();
    TreeSet<Long> lengths = new TreeSet<>();
    for (Range range : seal.ranges()) {
      lengths.addAll(List.of(range.offset(), range.offset() + range.length()));
    }
    for (long at = seal.offset(); at < Files.size(path); at += 43) {
      lengths.add(at);
    }
    for (long length : lengths.descendingSet()) {
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.setLength(length);
      }
      assertUntrusted();
      assertThatThrownBy(() -> send(Optional.empty()))
          .as("%d bytes", length)
          .isInstanceOf(DamagedSaveException.class);
    }
  }

  @Test
  void sealedInPlace() throws IOException {
    WriteOptions plain = new WriteOptions(DirectMode.AUTO, false, 1 << 20).notSealed();
    Guest guest = SealedSample.write(path, SaveFormat.MAPPED_RAM, plain, 1);
    SealReport report = Sealing.run(path, 2, Optional.of(KEY), new Cancellation());
    assertThat(report.seal().signed()).isTrue();
    assertThat(verify(Optional.of(KEY)).damage()).isEmpty();
    Guest.assertSame(send(Optional.of(KEY)), guest);
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      TreeMap<Long, Long> all = new TreeMap<>();
      all.put(0L, in.length());
      NaiveSeal.check(in, guest, all);
    }
    assertThatThrownBy(() -> Sealing.run(path, 2, Optional.of(OTHER), new Cancellation()))
        .isInstanceOfSatisfying(
            FixedRamException.class,
            e -> assertThat(e.remedies()).containsExactly(Remedy.SIGN_A_COPY))
        .hasMessageContaining("is sealed already");
  }

  @Test
  void whatHasNoPlaceForASignature() {
    for (SaveFormat format : List.of(SaveFormat.STREAM, SaveFormat.MAPPED_RAM)) {
      WriteOptions options = new WriteOptions(DirectMode.AUTO, false, 4096).signed(KEY);
      assertThatThrownBy(() -> SaveWriter.create(path, format, options))
          .isInstanceOf(UnsupportedSaveException.class)
          .hasMessageContaining("can't be signed: ");
    }
    assertThat(path.getParent()).isEmptyDirectory();
  }
}
