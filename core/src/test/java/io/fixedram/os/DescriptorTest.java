// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor.Mode;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescriptorTest {
  private final Path directory;
  private final Path path;

  DescriptorTest(@TempDir Path directory) {
    this.directory = directory;
    this.path = directory.resolve("file");
  }

  private static void assertFails(ThrowingCallable call, Errno errno, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StorageException.class, e -> assertThat(e.errno()).isEqualTo(errno.number()))
        .hasMessage(message);
  }

  @Test
  void createdForItsOwnerOnlyAndOnce() throws IOException {
    try (Descriptor file = Descriptor.open(path, Mode.CREATE)) {
      assertThat(file.path()).isEqualTo(path);
      assertThat(file.number()).isGreaterThan(2);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    assertFails(
        () -> Descriptor.open(path, Mode.CREATE),
        Errno.EEXIST,
        "cannot open " + path + ": the file exists");
  }

  @Test
  void openRefusals() throws IOException {
    assertFails(
        () -> Descriptor.open(path, Mode.READ),
        Errno.ENOENT,
        "cannot open " + path + ": no such file or directory");
    assertFails(
        () -> Descriptor.open(directory, Mode.EXISTING),
        Errno.EISDIR,
        "cannot open " + directory + ": it is a directory");
    Files.write(path, new byte[1]);
    assertFails(
        () -> Descriptor.open(path, Mode.DIRECTORY),
        Errno.ENOTDIR,
        "cannot open " + path + ": a part of the path is not a directory");
    Path link = Files.createSymbolicLink(directory.resolve("link"), path);
    assertFails(
        () -> Descriptor.open(link, Mode.EXISTING),
        Errno.ELOOP,
        "cannot open " + link + ": it is a symbolic link, or there are too many");
    Descriptor.open(link, Mode.READ).close();
  }

  @Test
  void readsAndWritesAtPositions() {
    try (Descriptor file = Descriptor.open(path, Mode.CREATE);
        Arena arena = Arena.ofConfined()) {
      file.write(5_000_000_000L, new byte[] {1, 2, 3});
      MemorySegment memory = arena.allocate(10);
      assertThat(file.read(5_000_000_001L, memory, 4, 6)).isEqualTo(2);
      assertThat(memory.toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(new byte[] {0, 0, 0, 0, 2, 3, 0, 0, 0, 0});
      assertThat(file.read(5_000_000_003L, memory, 0, 10)).isZero();
      assertThat(file.readUpTo(4_999_999_998L, memory, 0, 10)).isEqualTo(5);
      assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).startsWith(0, 0, 1, 2, 3);
      Descriptor.Status status = file.status();
      assertThat(status.sizeBytes()).isEqualTo(5_000_000_003L);
      assertThat(status.regular()).isTrue();
    }
  }

  @Test
  void holesCanBePunchedAndFound() {
    byte[] content = new byte[1 << 20];
    Arrays.fill(content, (byte) 1);
    try (Descriptor file = Descriptor.open(path, Mode.CREATE)) {
      file.write(0, content);
      file.sync();
      long before = file.status().allocatedBytes();
      assertThat(before).isGreaterThanOrEqualTo(1 << 20);
      assertThat(file.punchHole(256 << 10, 512 << 10)).isTrue();
      assertThat(file.status().allocatedBytes()).isEqualTo(before - (512 << 10));
      assertThat(file.status().sizeBytes()).isEqualTo(1 << 20);
      assertThat(file.nextData(0)).hasValue(0);
      assertThat(file.nextHole(0)).hasValue(256 << 10);
      assertThat(file.nextData(256 << 10)).hasValue(768 << 10);
      assertThat(file.nextHole(768 << 10)).hasValue(1 << 20);
      assertThat(file.nextData(1 << 20)).isEqualTo(OptionalLong.empty());
      file.setSize(3 << 20);
      assertThat(file.nextData(1 << 20)).isEqualTo(OptionalLong.empty());
      assertThat(file.status().sizeBytes()).isEqualTo(3 << 20);
      file.setSize(100);
      assertThat(file.status().sizeBytes()).isEqualTo(100);
    }
  }

  @Test
  void statusTellsFilesApart() throws IOException {
    Path other = directory.resolve("other");
    Files.write(path, new byte[10]);
    Files.write(other, new byte[10]);
    Path link = Files.createLink(directory.resolve("link"), path);
    try (Descriptor a = Descriptor.open(path, Mode.READ);
        Descriptor b = Descriptor.open(link, Mode.READ);
        Descriptor c = Descriptor.open(other, Mode.READ);
        Descriptor d = Descriptor.open(directory, Mode.DIRECTORY)) {
      assertThat(a.status().key()).isEqualTo(b.status().key());
      assertThat(a.status().key()).isNotEqualTo(c.status().key());
      assertThat(d.status().regular()).isFalse();
      assertThat(a.status().key().inode()).isEqualTo(Files.getAttribute(path, "unix:ino"));
      a.status()
          .directOffsetAlignment()
          .ifPresent(at -> assertThat(Long.bitCount(at)).isLessThan(2));
      d.sync();
    }
  }

  @Test
  void locksAreOfDescriptors() throws IOException {
    Files.write(path, new byte[10]);
    try (Descriptor c = Descriptor.open(path, Mode.EXISTING)) {
      try (Descriptor a = c.reopen(Mode.READ)) {
        assertThat(a.path()).isEqualTo(path);
        assertThat(a.locks().tryLock(true)).isTrue();
        try (Descriptor b = c.reopen(Mode.READ)) {
          assertThat(b.locks().tryLock(true)).isTrue();
          assertThat(a.locks().tryLock(false)).isFalse();
          assertThat(c.locks().tryLock(false)).isFalse();
        }
        assertThat(a.locks().tryLock(false)).isTrue();
        assertThat(c.locks().tryLock(true)).isFalse();
      }
      assertThat(c.locks().tryLock(false)).isTrue();
    }
  }

  @Test
  void closesOnce() {
    FaultyCalls calls = FaultyCalls.none();
    Descriptor file = Descriptor.open(calls, path, Mode.CREATE);
    file.close();
    file.close();
    assertThat(calls.calls().stream().filter(call -> call.kind() == Kind.CLOSE)).hasSize(1);
    assertThatThrownBy(() -> file.write(0, new byte[1]))
        .hasMessageContaining("bad file descriptor");
  }

  /** The sentences of calls that nothing else makes fail. */
  @Test
  void sentences() {
    String ofDevice = ": the device reported an input/output error";
    assertFails(
        kind(Kind.FTRUNCATE, file -> file.setSize(1)),
        Errno.EIO,
        "cannot set the size of " + path + " to 1 bytes" + ofDevice);
    assertFails(
        kind(Kind.FSYNC, Descriptor::sync),
        Errno.EIO,
        "cannot sync " + path + " to its device" + ofDevice);
    assertFails(
        kind(Kind.FLOCK, file -> file.locks().tryLock(true)),
        Errno.EIO,
        "cannot lock " + path + ofDevice);
    assertFails(
        kind(Kind.LSEEK, file -> file.nextData(7)),
        Errno.EIO,
        "cannot seek in " + path + " from offset 7" + ofDevice);
    assertFails(
        kind(Kind.STATX, Descriptor::status),
        Errno.EIO,
        "cannot ask for the status of " + path + ofDevice);
    assertFails(
        kind(Kind.FALLOCATE, file -> file.punchHole(4096, 4096)),
        Errno.EIO,
        "cannot punch a hole into " + path + " at offset 4096" + ofDevice);
    assertFails(
        kind(Kind.PWRITE, file -> file.write(9, new byte[2])),
        Errno.EIO,
        "cannot write " + path + " at offset 9" + ofDevice);
  }

  private interface Use {
    void of(Descriptor file);
  }

  private ThrowingCallable kind(Kind kind, Use use) {
    return () -> {
      Files.deleteIfExists(path);
      FaultyCalls calls = new FaultyCalls(call -> call.kind() == kind ? Errno.EIO.number() : 0);
      try (Descriptor file = Descriptor.open(calls, path, Mode.CREATE)) {
        use.of(file);
      }
    };
  }

  @Test
  void errorsHaveWords() {
    assertThat(Errno.text(-28)).isEqualTo("no space left on the device");
    assertThat(Errno.text(28)).isEqualTo("no space left on the device");
    assertThat(Errno.text(-12345)).isEqualTo("error 12345");
    assertThat(Errno.EINTR.is(-4)).isTrue();
    assertThat(Errno.EINTR.is(4)).isFalse();
    for (Errno errno : Errno.values()) {
      assertThat(Errno.text(errno.number())).isNotBlank().doesNotStartWith("error ");
    }
  }
}
