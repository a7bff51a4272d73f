// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Errno;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.Guest;
import io.fixedram.testing.Rounds;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is remembered of a save's hot pages. */
class HotFileTest {
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 1 << 20);
  private static final RamBlock ROM = new RamBlock(1, "pc.rom", 8192);

  @TempDir Path directory;
  private Path path;
  private Path hotPath;

  @BeforeEach
  void writeSave() {
    path = directory.resolve("vm.save");
    hotPath = directory.resolve("vm.save.hot");
    Guest guest = Guest.of(RAM, ROM);
    try (SaveWriter writer =
        SaveWriter.create(path, SaveFormat.MAPPED_RAM, WriteOptions.defaults())) {
      writer.sink().begin(guest.header());
      writer.sink().end(guest.tail().toState());
      writer.publish();
    }
  }

  private PageStore open() {
    return Saves.open(path);
  }

  private static HotPages some() {
    HotPages hot = new HotPages();
    hot.add(RAM, 200);
    hot.add(ROM, 1);
    hot.add(RAM, 3);
    hot.add(RAM, 207);
    return hot;
  }

  private static HotFile of(PageStore save) {
    return HotFile.of(save.localFile().orElseThrow(), save.header().blocks());
  }

  private void store() {
    try (PageStore save = open()) {
      of(save).store(some());
    }
  }

  @Test
  void keepsTheOrder() throws IOException {
    store();
    try (PageStore save = open()) {
      HotFile file = of(save);
      assertThat(file.path()).isEqualTo(hotPath.toRealPath());
      assertThat(file.load().runs())
          .containsExactly(
              new HotPages.Run(0, 192), new HotPages.Run(1, 0), new HotPages.Run(0, 0));
    }
    assertThat(Files.getPosixFilePermissions(hotPath))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(Dirs.names(directory)).containsExactly("vm.save", "vm.save.hot");
  }

  @Test
  void nothingIsHotWithoutOne() {
    try (PageStore save = open()) {
      assertThat(of(save).load().runs()).isEmpty();
    }
  }

  @Test
  void standsBesideTheTargetOfALink() throws IOException {
    Path link =
        Files.createSymbolicLink(
            Files.createDirectory(directory.resolve("links")).resolve("link"), path);
    try (PageStore save = Saves.open(link)) {
      of(save).store(some());
    }
    assertThat(hotPath).exists();
  }

  @Test
  void ofASaveThatWasChanged() throws IOException {
    store();
    Files.setLastModifiedTime(path, FileTime.from(Instant.ofEpochSecond(1_000_000)));
    try (PageStore save = open()) {
      HotFile file = of(save);
      assertThatThrownBy(file::load)
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(hotPath.getFileName() + " is ignored: it is of another save");
      file.store(some());
      assertThat(file.load().runs()).hasSize(3);
    }
  }

  @Test
  void damaged() throws IOException {
    store();
    byte[] good = Files.readAllBytes(hotPath);
    Rounds.run(
        300,
        random -> {
          byte[] bad = good.clone();
          if (random.nextBoolean()) {
            bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
          } else {
            bad = java.util.Arrays.copyOf(bad, random.nextInt(2 * bad.length));
            if (bad.length == good.length) {
              return;
            }
          }
          Files.write(hotPath, bad);
          try (PageStore save = open()) {
            HotFile file = of(save);
            assertThatThrownBy(file::load)
                .isInstanceOf(DamagedSaveException.class)
                .hasMessageContaining("is ignored");
          }
        });
  }

  @Test
  void tooBig() throws IOException {
    Files.write(hotPath, new byte[1 << 20]);
    try (PageStore save = open()) {
      HotFile file = of(save);
      assertThatThrownBy(file::load).hasMessageContaining("is ignored");
    }
  }

  @Test
  void anotherKindOfFileIsLeftAlone() throws IOException {
    Files.writeString(hotPath, "mine");
    assertThatThrownBy(this::store)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("another kind of file");
    assertThat(Files.readString(hotPath)).isEqualTo("mine");
    Files.delete(hotPath);
    Files.createDirectory(hotPath);
    assertThatThrownBy(this::store).isInstanceOf(StorageException.class);
    assertThat(hotPath).isDirectory();
  }

  @Test
  void cannotBeWritten() throws IOException {
    store();
    byte[] before = Files.readAllBytes(hotPath);
    FaultyCalls calls =
        new FaultyCalls(call -> call.kind() == FaultyCalls.Kind.PWRITE ? Errno.ENOSPC.number() : 0);
    try (PageStore save = open()) {
      assertThatThrownBy(() ->
              HotFile.of(calls, save.localFile().orElseThrow(), save.header().blocks())
                  .store(new HotPages()))
          .isInstanceOf(StorageException.class);
    }
    assertThat(calls.open()).isEmpty();
    assertThat(Files.readAllBytes(hotPath)).isEqualTo(before);
    assertThat(Dirs.names(directory)).containsExactly("vm.save", "vm.save.hot");
  }

  @Test
  void isBounded() {
    HotPages hot = new HotPages();
    RamBlock large = new RamBlock(0, "pc.ram", 1L << 40);
    for (long page = 0; page < 20_000; page++) {
      hot.add(large, page * HotPages.RUN_PAGES);
    }
    assertThat(hot.runs()).hasSize(HotPages.MAX_RUNS);
  }

  /** A guest whose habits change must not be remembered by the old ones. */
  @Test
  void whatIsTouchedNowTakesThePlaceOfTheLastRemembered() {
    HotPages hot = new HotPages();
    for (long page = 0; page < HotPages.MAX_RUNS; page++) {
      hot.remember(new HotPages.Run(0, page * HotPages.RUN_PAGES));
    }
    RamBlock other = new RamBlock(1, "pc.rom", 128 << 10);
    hot.add(other, 5);
    assertThat(hot.runs())
        .hasSize(HotPages.MAX_RUNS)
        .startsWith(new HotPages.Run(0, 0))
        .endsWith(new HotPages.Run(1, 0))
        .doesNotContain(new HotPages.Run(0, (HotPages.MAX_RUNS - 1L) * HotPages.RUN_PAGES));
  }
}
