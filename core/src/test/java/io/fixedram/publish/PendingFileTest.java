// SPDX-License-Identifier: Apache-2.0
package io.fixedram.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PendingFileTest {
  private static final byte[] NEW = {'n', 'e', 'w'};
  private static final byte[] OLD = {'o', 'l', 'd', 'e', 'r'};

  private final Path directory;
  private final Path target;
  private final Path partial;

  PendingFileTest(@TempDir Path directory) {
    this.directory = directory;
    this.target = directory.resolve("save");
    this.partial = directory.resolve(".save.partial");
  }

  private static PendingFile create(Path path) {
    return PendingFile.create(SystemCalls.linux(), path);
  }

  private static void publish(Path path) {
    try (PendingFile file = create(path)) {
      file.descriptor().write(0, NEW);
      file.sync();
      file.publish(true);
    }
  }

  @Test
  void hasItsNameOnlyWhenPublished() throws IOException {
    Files.write(target, OLD);
    try (PendingFile file = create(target)) {
      assertThat(file.partialPath()).isEqualTo(partial);
      file.descriptor().write(0, NEW);
      assertThat(Files.readAllBytes(target)).isEqualTo(OLD);
      assertThat(Dirs.names(directory)).containsExactly(".save.partial", "save");
      file.publish(false);
      assertThat(Files.readAllBytes(target)).isEqualTo(NEW);
    }
    assertThat(Dirs.names(directory)).containsExactly("save");
    assertThat(Files.readAllBytes(target)).isEqualTo(NEW);
  }

  @Test
  void isForItsOwnerOnly() throws IOException {
    try (PendingFile file = create(target)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(partial)))
          .isEqualTo("rw-------");
      file.publish(false);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
        .isEqualTo("rw-------");
  }

  @Test
  void leavesNothingWhenClosedBefore() throws IOException {
    Files.write(target, OLD);
    try (PendingFile file = create(target)) {
      file.descriptor().write(0, NEW);
    }
    assertThat(Dirs.names(directory)).containsExactly("save");
    assertThat(Files.readAllBytes(target)).isEqualTo(OLD);
  }

  @Test
  void whoWritesCannotBeToldWithoutLocks() throws IOException {
    Files.write(partial, OLD);
    FaultyCalls calls =
        new FaultyCalls(call -> call.kind() == Kind.FLOCK ? Errno.ENOLCK.number() : 0);
    assertThatThrownBy(() -> PendingFile.create(calls, target))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("cannot write " + target)
        .hasMessageContaining(partial + " is there and can't be locked")
        .hasMessageContaining("delete it if no save is under way");
    assertThat(calls.open()).isEmpty();
    assertThat(Files.readAllBytes(partial)).isEqualTo(OLD);
  }

  @Test
  void isSyncedThenRenamedThenItsDirectorySynced() throws IOException {
    Files.write(target, OLD);
    List<String> seen = new ArrayList<>();
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == Kind.FSYNC) {
            boolean renamed = target.toFile().length() == NEW.length;
            seen.add(renamed ? "renamed" : "not renamed");
          }
          return 0;
        });
    try (PendingFile file = PendingFile.create(calls, target)) {
      file.descriptor().write(0, NEW);
      file.sync();
      file.publish(true);
    }
    assertThat(seen).containsExactly("not renamed", "renamed");
    int lastWrite = lastOf(calls, Kind.PWRITE);
    int firstSync =
        calls.calls().stream()
            .filter(call -> call.kind() == Kind.FSYNC)
            .findFirst()
            .orElseThrow()
            .index();
    assertThat(firstSync).isGreaterThan(lastWrite);
  }

  private static int lastOf(FaultyCalls calls, Kind kind) {
    return calls.calls().stream()
        .filter(call -> call.kind() == kind)
        .mapToInt(FaultyCalls.Call::index)
        .max()
        .orElseThrow();
  }

  @Test
  void isNotSyncedIfNobodyWantsThat() {
    FaultyCalls calls = FaultyCalls.none();
    try (PendingFile file = PendingFile.create(calls, target)) {
      file.publish(false);
    }
    assertThat(calls.calls().stream().map(FaultyCalls.Call::kind)).doesNotContain(Kind.FSYNC);
  }

  @Test
  void refusesADirectory() {
    assertThatThrownBy(() -> create(directory))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot write " + directory + ": it is a directory, give the name of a file");
    assertThatThrownBy(() -> create(Path.of("/")))
        .hasMessage("cannot write /: it is a directory, give the name of a file");
  }

  @Test
  void refusesADirectoryThatIsNotThere() {
    Path nowhere = directory.resolve("missing/save");
    assertThatThrownBy(() -> create(nowhere))
        .hasMessage("cannot write " + nowhere + ": no such file or directory");
    Path inFile = directory.resolve("save/save");
    publish(target);
    assertThatThrownBy(() -> create(inFile))
        .hasMessage("cannot write " + inFile + ": a part of the path is not a directory");
  }

  @Test
  void refusesANameThatIsTooLong() {
    Path path = directory.resolve("x".repeat(256));
    assertThatThrownBy(() -> create(path))
        .hasMessage("cannot write " + path + ": the name is too long");
  }

  @Test
  void refusesAFileSystemThatIsReadOnly() {
    FaultyCalls calls =
        new FaultyCalls(call -> call.kind() == Kind.OPEN ? Errno.EROFS.number() : 0);
    assertThatThrownBy(() -> PendingFile.create(calls, target))
        .hasMessage("cannot write " + target + ": the file system is read-only");
  }

  @Test
  void refusesWhatIsNoRegularFile() throws IOException, InterruptedException {
    Path pipe = pipe("pipe");
    assertThatThrownBy(() -> create(pipe))
        .hasMessage("cannot write " + pipe + ": it exists and is not a regular file");
    assertThat(Dirs.names(directory)).containsExactly("pipe");
  }

  private Path pipe(String name) throws IOException, InterruptedException {
    Path pipe = directory.resolve(name);
    Process made;
    try {
      made = new ProcessBuilder("mkfifo", pipe.toString()).inheritIO().start();
    } catch (IOException e) {
      made = null;
    }
    assumeTrue(made != null && made.waitFor() == 0, "there is no mkfifo here");
    return pipe;
  }

  @Test
  void writesThroughALink() throws IOException {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path file = elsewhere.resolve("file");
    Files.write(file, OLD);
    Files.createSymbolicLink(target, file);
    publish(target);
    assertThat(Files.isSymbolicLink(target)).isTrue();
    assertThat(Files.isSymbolicLink(file)).isFalse();
    assertThat(Files.readAllBytes(file)).isEqualTo(NEW);
    assertThat(Dirs.names(elsewhere)).containsExactly("file");
    assertThat(Dirs.names(directory)).containsExactly("elsewhere", "save");
  }

  @Test
  void refusesALinkToNothing() throws IOException {
    Files.createSymbolicLink(target, directory.resolve("nothing"));
    assertThatThrownBy(() -> create(target))
        .hasMessage(
            "cannot write "
                + target
                + ": it is a symbolic link to nothing; remove it, or create the file that it names");
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  /** A link to a pipe is what it leads to. */
  @Test
  void refusesDevices() throws IOException, InterruptedException {
    Path device = Path.of("/dev/null");
    assertThatThrownBy(() -> create(device))
        .hasMessage("cannot write /dev/null: it exists and is not a regular file");
    Files.createSymbolicLink(target, pipe("pipe"));
    assertThatThrownBy(() -> create(target))
        .hasMessage("cannot write " + target + ": it exists and is not a regular file");
    assertThat(device).exists();
    assertThat(Dirs.names(directory)).containsExactly("pipe", "save");
  }

  @Test
  void refusesALinkToADirectory() throws IOException {
    Files.createSymbolicLink(target, directory);
    assertThatThrownBy(() -> create(target)).hasMessageContaining("it is a directory");
  }

  @Test
  void refusesASecondWriter() {
    try (PendingFile file = create(target)) {
      assertThatThrownBy(() -> create(target))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN.number()))
          .hasMessage("cannot write " + target + ": another process is writing it just now");
      file.descriptor().write(0, NEW);
      file.publish(false);
    }
    publish(target);
  }

  @Test
  void takesOverWhatAKilledProcessLeft() throws IOException {
    Files.write(partial, "much that nobody wants any more".getBytes(StandardCharsets.UTF_8));
    publish(target);
    assertThat(Files.readAllBytes(target)).isEqualTo(NEW);
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  @Test
  void leavesAloneWhatItCannotHaveLeft() throws IOException {
    Files.createDirectory(partial);
    assertThatThrownBy(() -> create(target))
        .hasMessage("cannot write " + target + ": " + partial + " is in the way");
    Files.delete(partial);
    Path other = directory.resolve("other");
    Files.write(other, OLD);
    Files.createSymbolicLink(partial, other);
    assertThatThrownBy(() -> create(target)).hasMessageEndingWith(" is in the way");
    assertThat(Files.readAllBytes(other)).isEqualTo(OLD);
    assertThat(Files.exists(partial, LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  /** The other process ended just when this one looked at what it wrote. */
  @Test
  void triesAgainWhenThePartialFileGoesAway() throws IOException {
    Files.write(partial, OLD);
    AtomicInteger opened = new AtomicInteger();
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.path().equals(partial.toString()) && opened.incrementAndGet() == 2) {
            assertThat(partial.toFile().delete()).isTrue();
          }
          return 0;
        });
    try (PendingFile file = PendingFile.create(calls, target)) {
      file.publish(false);
    }
    assertThat(target).isEmptyFile();
    assertThat(calls.open()).isEmpty();
  }

  /** Another process took the new file for an abandoned one before it was locked. */
  @Test
  void triesAgainWhenTheNewFileIsTakenAway() throws IOException {
    AtomicInteger locked = new AtomicInteger();
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == Kind.FLOCK && locked.incrementAndGet() == 1) {
            assertThat(partial.toFile().delete()).isTrue();
          }
          return 0;
        });
    try (PendingFile file = PendingFile.create(calls, target)) {
      file.descriptor().write(0, NEW);
      file.publish(false);
    }
    assertThat(Files.readAllBytes(target)).isEqualTo(NEW);
    assertThat(calls.open()).isEmpty();
  }

  @Test
  void cannotBeRenamedOntoADirectory() throws IOException {
    try (PendingFile file = create(target)) {
      Files.createDirectory(target);
      assertThatThrownBy(() -> file.publish(false))
          .isInstanceOf(StorageException.class)
          .hasMessageStartingWith("cannot rename " + partial + " to " + target + ": ");
    }
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  @Test
  void tellsWhatItCannotRemove() throws IOException {
    PendingFile file = create(target);
    Files.delete(partial);
    Files.createDirectory(partial);
    Files.write(partial.resolve("something"), OLD);
    assertThatThrownBy(file::close)
        .isInstanceOf(StorageException.class)
        .hasMessageStartingWith("cannot remove the unfinished " + partial + ": ");
  }

  @Test
  void relativePathsAreTaken() throws IOException {
    Path relative = Path.of("").toAbsolutePath().relativize(target);
    publish(relative);
    assertThat(Files.readAllBytes(target)).isEqualTo(NEW);
  }

  @Test
  void whatIsOpenForReadingStaysAsItWas() throws IOException {
    Files.write(target, OLD);
    try (Descriptor reader = Descriptor.open(target, Descriptor.Mode.READ)) {
      publish(target);
      assertThat(reader.status().sizeBytes()).isEqualTo(OLD.length);
    }
  }
}
