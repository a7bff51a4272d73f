// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.FaultyFiles;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.mapping.SaveHold;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import io.fixedram.publish.ReplacedFile;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import io.fixedram.testing.Guest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SaveHoldTest {
  private final Path directory;
  private final Path path;

  SaveHoldTest(@TempDir Path directory) {
    this.directory = directory;
    this.path = directory.resolve("save");
  }

  @BeforeEach
  void writeSave() {
    write(path);
  }

  private static void write(Path target) {
    try (SaveWriter writer = create(SystemCalls.linux(), target)) {
      send(writer);
      writer.publish();
    }
  }

  private static void send(SaveWriter writer) {
    Guest guest = Guest.of(new RamBlock(0, "pc.ram", 1 << 20));
    writer.sink().begin(guest.header());
    writer.sink().end(guest.tail().toState());
  }

  private static SaveWriter create(SystemCalls calls, Path target) {
    return SaveWriter.create(
        calls, target, SaveFormat.FIXED_RAM, DestinationMemory.QEMU, WriteOptions.defaults());
  }

  private SaveHold hold() {
    try (PageStore save = Saves.open(path)) {
      return SaveHold.take(save.localFile().orElseThrow());
    }
  }

  private void assertRefused(Path target) {
    assertThatThrownBy(() -> write(target))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(path + ": guests run on it; save under another name");
  }

  @Test
  void heldSaveIsNotReplaced() throws IOException {
    byte[] before = Files.readAllBytes(path);
    try (SaveHold first = hold();
        SaveHold second = hold()) {
      assertRefused(path);
      first.check();
      second.check();
      assertThat(first.replaced()).isFalse();
    }
    assertThat(Dirs.names(directory)).containsExactly("save");
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
    write(path);
  }

  /** Whoever watches a save may do so in another thread than the one that lets go of it. */
  @Test
  void closedHoldReportsNothing() throws IOException {
    SaveHold hold = hold();
    hold.close();
    // Perhaps under the number that the hold had.
    try (Descriptor _ = Descriptor.open(directory, Descriptor.Mode.DIRECTORY)) {
      hold.check();
      assertThat(hold.replaced()).isFalse();
      Files.delete(path);
      assertThat(hold.replaced()).isFalse();
      hold.close();
    }
  }

  @Test
  void heldSaveIsNotReplacedThroughALink() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), path);
    try (SaveHold _ = hold()) {
      assertRefused(link);
    }
    write(link);
  }

  /** Such as flock(1) takes for a program that only reads. */
  @Test
  void lockOfAReaderIsNoHold() throws IOException {
    try (Descriptor reader = Descriptor.open(path, Descriptor.Mode.READ)) {
      assertThat(reader.locks().tryLock(true)).isTrue();
      write(path);
      assertThat(reader.locks().tryLock(true)).isTrue();
      try (SaveHold _ = hold();
          Descriptor second = Descriptor.open(path, Descriptor.Mode.READ)) {
        assertThat(second.locks().tryLock(true)).isTrue();
        assertRefused(path);
      }
    }
  }

  @Test
  void saveHeldWhileAnotherIsWritten() throws IOException {
    byte[] before = Files.readAllBytes(path);
    try (SaveWriter writer = create(SystemCalls.linux(), path)) {
      send(writer);
      try (SaveHold hold = hold()) {
        assertThatThrownBy(writer::publish)
            .isInstanceOf(StorageException.class)
            .hasMessageContaining("guests run on it");
        assertThat(hold.replaced()).isFalse();
      }
    }
    assertThat(Dirs.names(directory)).containsExactly("save");
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
  }

  @Test
  void cannotBeHeldInTheMomentItIsReplaced() {
    try (SaveWriter writer = create(SystemCalls.linux(), path)) {
      send(writer);
      try (ReplacedFile _ = ReplacedFile.open(SystemCalls.linux(), path)) {
        assertThatThrownBy(this::hold)
            .isInstanceOf(StorageException.class)
            .hasMessageContaining("being replaced just now");
      }
      writer.publish();
    }
    hold().close();
  }

  @Test
  void opensNothingThatStaysOpen() {
    FaultyCalls calls = FaultyCalls.none();
    try (SaveHold _ = hold()) {
      assertThatThrownBy(() -> create(calls, path)).isInstanceOf(StorageException.class);
    }
    assertThat(calls.open()).isEmpty();
    try (PageStore save = Saves.open(FaultyFiles.open(calls, path))) {
      try (SaveHold hold = SaveHold.take(calls, save.localFile().orElseThrow())) {
        assertThat(hold.replaced()).isFalse();
      }
      assertThat(calls.open()).hasSize(1);
    }
  }

  /** As NFS and file systems without locks answer, to who replaces a save and who holds it. */
  @ParameterizedTest
  @EnumSource(names = {"EBADF", "ENOLCK", "ENOSYS", "EOPNOTSUPP"})
  void fileSystemWithoutLocks(Errno errno) throws IOException {
    FaultyCalls calls = new FaultyCalls(call -> call.kind() == Kind.FLOCK ? errno.number() : 0);
    try (PageStore save = Saves.open(FaultyFiles.open(calls, path));
        SaveHold hold = SaveHold.take(calls, save.localFile().orElseThrow())) {
      try (SaveWriter writer = create(calls, path)) {
        send(writer);
        assertThat(hold.replaced()).isFalse();
        writer.publish();
      }
      assertThat(hold.replaced()).isTrue();
      hold.check();
    }
    assertThat(calls.open()).isEmpty();
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  @Test
  void otherFailuresOfLocksAreTold() throws IOException {
    FaultyCalls calls = new FaultyCalls(call -> call.kind() == Kind.FLOCK ? Errno.EIO.number() : 0);
    assertThatThrownBy(() -> create(calls, path))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot lock");
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  @ParameterizedTest
  @EnumSource(names = {"EACCES", "EPERM"})
  void aFileThatCannotBeReadIsReplaced(Errno errno) throws IOException {
    Object before = Files.getAttribute(path, "unix:ino");
    FaultyCalls calls =
        new FaultyCalls(call -> call.path().equals(path.toString()) ? errno.number() : 0);
    try (SaveWriter writer = create(calls, path)) {
      send(writer);
      writer.publish();
    }
    assertThat(calls.calls()).filteredOn(call -> call.path().equals(path.toString())).hasSize(3);
    assertThat(Files.getAttribute(path, "unix:ino")).isNotEqualTo(before);
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  @Test
  void noticesThatItsNameIsGone() throws IOException {
    try (SaveHold hold = hold()) {
      Files.move(path, directory.resolve("moved"));
      assertThat(hold.replaced()).isTrue();
      hold.check();
    }
  }

  @Test
  void noticesThatAnotherHasItsName() throws IOException {
    Path other = directory.resolve("other");
    write(other);
    try (SaveHold hold = hold()) {
      Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
      assertThat(hold.replaced()).isTrue();
      hold.check();
    }
  }

  @Test
  void replacedBeforeItIsHeld() throws IOException {
    try (PageStore save = Saves.open(path)) {
      write(path);
      assertThatThrownBy(() -> SaveHold.take(save.localFile().orElseThrow()))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("just been replaced");
    }
  }

  @Test
  void noticesAnotherSize() throws IOException {
    try (SaveHold hold = hold();
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(4096);
      assertThatThrownBy(hold::check)
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(path + " was changed")
          .hasMessageContaining("has 4096");
    }
  }

  @Test
  void noticesOtherContent() throws IOException {
    Files.setLastModifiedTime(path, FileTime.fromMillis(1_000_000_000_123L));
    try (SaveHold hold = hold();
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      hold.check();
      file.seek(4096);
      file.write(1);
      assertThatThrownBy(hold::check)
          .isInstanceOf(DamagedSaveException.class)
          .hasMessageContaining(path + " was changed");
    }
  }
}
