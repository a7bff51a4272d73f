// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.mapping.SaveHold;
import io.fixedram.os.Errno;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.NaiveSeal;
import io.fixedram.testing.SealedSample;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are sealed after they were written, and what is kept with a seal. */
class SealingTest {
  private final Dirs dirs;
  private final Path path;

  SealingTest(@TempDir Path directory) throws IOException {
    dirs = new Dirs(directory);
    path = dirs.all().getLast().resolve("save");
  }

  @AfterEach
  void removeDirectories() throws IOException {
    dirs.close();
  }

  private Guest write(SaveFormat format, long alignment) {
    return SealedSample.write(
        path, format, new WriteOptions(DirectMode.AUTO, false, alignment).notSealed(), 1);
  }

  private static VerificationReport verify(Path file) {
    return Verification.run(file, 2, new Cancellation());
  }

  private SealReport seal() {
    return Sealing.run(path, 2, new Cancellation());
  }

  private Guest send() {
    try (PageStore save = Saves.open(path)) {
      GuestSink sink = new GuestSink();
      save.sendTo(sink);
      return sink.guest();
    }
  }

  /** With an alignment of pages there may be no room for heads of tables. */
  @ParameterizedTest
  @CsvSource({"MAPPED_RAM, 1048576", "FIXED_RAM, 4194304", "FIXED_RAM, 4096"})
  void sealedInPlace(SaveFormat format, long alignment) throws IOException {
    Guest guest = write(format, alignment);
    byte[] before = Files.readAllBytes(path);
    SealReport report = seal();
    assertThat(report.blocks()).isEqualTo(3);
    assertThat(report.ramBytes()).isEqualTo(guest.header().blocks().totalBytes());
    assertThat(report.addedBytes()).isEqualTo(Files.size(path) - before.length);
    assertThat(report.heads()).isTrue();
    assertThat(verify(path).damage()).isEmpty();
    assertThat(SaveInfo.of(path).seal()).contains(report.seal());
    Guest.assertSame(send(), guest);
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      TreeMap<Long, Long> all = new TreeMap<>();
      all.put(0L, in.length());
      NaiveSeal.check(in, guest, all);
      // Nothing else was changed.
      byte[] after = Arrays.copyOf(Files.readAllBytes(path), before.length);
      for (int block = 0; block < 3; block++) {
        int head = (int) NaiveSeal.of(in).range("head", block).offset();
        Arrays.fill(after, head, head + 64, (byte) 0);
      }
      assertThat(after).isEqualTo(before);
      // A file that loses its footer is not taken for one that never had one.
      long end = NaiveSeal.of(in).offset();
      truncate(end);
    }
    assertThatThrownBy(this::send)
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("the footer at the end of the file is missing or damaged");
    assertThatThrownBy(() -> verify(path)).isInstanceOf(DamagedSaveException.class);
    assertThat(SaveInfo.of(path).complete()).isFalse();
  }

  private void truncate(long size) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
  }

  /** QEMU leaves content of earlier passes under clear bits. */
  @Test
  void contentUnderClearBits() throws IOException {
    Guest guest = write(SaveFormat.FIXED_RAM, 4096);
    long page;
    try (PageStore save = Saves.open(path)) {
      page = save.places().getFirst().pagesOffset() + 500 * 4096;
    }
    SealedSample.flip(path, page + 7, 1);
    seal();
    assertThat(verify(path).isWhole()).isTrue();
    Guest.assertSame(send(), guest);
    SealedSample.flip(path, page + 8, 1);
    assertThat(verify(path).damage())
        .containsExactly(DamagedRange.ofMemory("memory", "pc.ram", 500 * 4096, page, 4096));
  }

  @Test
  void bytesBehindTheDeviceStateArePreserved() throws IOException {
    Guest guest = write(SaveFormat.MAPPED_RAM, 1 << 20);
    long size = Files.size(path);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(size);
      file.write(new byte[] {1, 2, 3});
    }
    seal();
    assertThat(verify(path).isWhole()).isTrue();
    Guest.assertSame(send(), guest);
    SealedSample.flip(path, size + 1, 4);
    assertThat(verify(path).damage()).containsExactly(DamagedRange.of("the part other", size, 3));
  }

  @Test
  void whatCannotBeSealed() throws IOException {
    SealedSample.write(path, SaveFormat.MAPPED_RAM);
    assertThatThrownBy(this::seal)
        .isInstanceOf(FixedRamException.class)
        .hasMessageStartingWith(path + " is sealed already: its id is ");
    write(SaveFormat.STREAM, 4096);
    assertThatThrownBy(this::seal)
        .isInstanceOfSatisfying(
            UnsupportedSaveException.class,
            e -> assertThat(e.remedies()).containsExactly(Remedy.CONVERT_TO_MAPPED_RAM));
    write(SaveFormat.MAPPED_RAM, 1 << 20);
    truncate(Files.size(path) - descriptionBytes());
    assertThatThrownBy(this::seal)
        .isInstanceOf(UnsupportedSaveException.class)
        .hasMessageContaining("its device state has no description");
    write(SaveFormat.MAPPED_RAM, 1 << 20);
    truncate(Files.size(path) - 1);
    byte[] before = Files.readAllBytes(path);
    assertThatThrownBy(this::seal).isInstanceOf(DamagedSaveException.class);
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
  }

  private long descriptionBytes() {
    try (PageStore save = Saves.open(path)) {
      // Without the byte EOF in front of it.
      return save.deviceState().sizeBytes() - save.deviceState().sectionsBytes() - 1;
    }
  }

  @Test
  void filesInUseAreLeftAlone() throws IOException {
    write(SaveFormat.MAPPED_RAM, 1 << 20);
    byte[] before = Files.readAllBytes(path);
    try (LocalFile file = LocalFile.open(path);
        SaveHold _ = SaveHold.take(file)) {
      assertThatThrownBy(this::seal)
          .isInstanceOf(StorageException.class)
          .hasMessage(
              "cannot seal " + path + ": guests run on it, or another process has it locked");
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
    Cancellation cancelled = new Cancellation();
    cancelled.cancel();
    assertThatThrownBy(() -> Sealing.run(path, 2, cancelled))
        .isInstanceOf(CancelledException.class);
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
  }

  /** Whichever write or sync fails, the file is as it was, or it is sealed. */
  @Test
  void failuresAtEveryCall() throws IOException {
    Guest guest = write(SaveFormat.MAPPED_RAM, 1 << 20);
    Path kept = path.resolveSibling("kept");
    Files.copy(path, kept);
    for (Kind kind : List.of(Kind.PWRITE, Kind.FSYNC)) {
      for (int failing = 0; ; failing++) {
        Files.delete(path);
        Files.copy(kept, path);
        int[] count = {0};
        int at = failing;
        FaultyCalls calls =
            new FaultyCalls(call -> {
              synchronized (count) {
                return call.kind() == kind && count[0]++ == at ? Errno.EIO.number() : 0;
              }
            });
        boolean failed = false;
        try {
          Sealing.run(calls, path, 1, Optional.empty(), new Cancellation());
        } catch (StorageException e) {
          failed = true;
        }
        Guest.assertSame(send(), guest);
        if (SaveInfo.of(path).seal().isPresent()) {
          assertThat(verify(path).isWhole()).isTrue();
        } else {
          assertThat(Files.size(path)).isEqualTo(Files.size(kept));
        }
        if (!failed) {
          assertThat(failing).as("calls of %s", kind).isGreaterThan(2);
          break;
        }
      }
    }
  }

  @Test
  void manifest() throws IOException {
    String text = "{\n\t\"guest\": \"f\u00fcnf {}\"\n}";
    try (SaveWriter writer =
        SaveWriter.create(path, SaveFormat.MAPPED_RAM, WriteOptions.defaults())) {
      SealedSample.script(1).sendTo(writer.sink());
      assertThatThrownBy(() -> writer.manifest("")).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> writer.manifest("{\0}"))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> writer.manifest(" ".repeat((2 << 20) + 1)))
          .isInstanceOf(IllegalArgumentException.class);
      writer.manifest(text);
      Optional<UUID> id = writer.publish().id();
      assertThat(id).isPresent();
      assertThatThrownBy(() -> writer.manifest(text)).isInstanceOf(IllegalStateException.class);
    }
    assertThat(verify(path).isWhole()).isTrue();
    try (PageStore save = Saves.open(path)) {
      assertThat(save.manifest()).contains(text);
    }
    NaiveSeal.Range part;
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      part = NaiveSeal.of(in).range("manifest", -1);
    }
    SealedSample.flip(path, part.offset() + 40, 1);
    try (PageStore save = Saves.open(path)) {
      assertThatThrownBy(save::manifest)
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining("the manifest (");
    }
    assertThat(verify(path).damage())
        .containsExactly(DamagedRange.of("the manifest", part.offset(), part.length()));
  }
}
