// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every store of bytes must do, and what sets each apart. */
class ByteStoreTest {
  private static final int MIB = 1 << 20;
  private static final int PREFIX = 2 * MIB;

  /** Data, a hole, data: the same in each store. */
  private static final byte[] CONTENT = content();

  private final Path directory;
  private final Path path;

  ByteStoreTest(@TempDir Path directory) {
    this.directory = directory;
    this.path = directory.resolve("file");
  }

  private static byte[] content() {
    byte[] bytes = new byte[3 * MIB + 100];
    byte[] data = new byte[MIB];
    new Random(1).nextBytes(data);
    System.arraycopy(data, 0, bytes, 0, MIB);
    System.arraycopy(data, 0, bytes, 2 * MIB, MIB);
    Arrays.fill(bytes, 3 * MIB, bytes.length, (byte) 7);
    return bytes;
  }

  private void write(long at, byte[] bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      for (int from = 0; from < bytes.length; from += MIB) {
        byte[] piece = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + MIB));
        if (!Arrays.equals(piece, new byte[piece.length])) {
          file.seek(at + from);
          file.write(piece);
        }
      }
    }
  }

  private ByteStore file() throws IOException {
    write(0, CONTENT);
    return LocalFile.open(path);
  }

  private ByteStore part() throws IOException {
    write(0, new byte[] {1});
    write(PREFIX, CONTENT);
    write(PREFIX + CONTENT.length, new byte[] {1, 2, 3});
    return new StorePart(LocalFile.open(path), PREFIX, CONTENT.length);
  }

  private ByteStore partOfAPart() throws IOException {
    write(PREFIX + MIB, CONTENT);
    write(PREFIX + MIB + CONTENT.length, new byte[] {1, 2, 3});
    ByteStore whole = LocalFile.open(path);
    ByteStore tail = new StorePart(whole, PREFIX, whole.sizeBytes() - PREFIX);
    return new StorePart(tail, MIB, CONTENT.length);
  }

  static Stream<Arguments> stores() {
    return Stream.of("file", "part", "partOfAPart").map(Arguments::of);
  }

  private ByteStore store(String kind) throws IOException {
    return switch (kind) {
      case "file" -> file();
      case "part" -> part();
      default -> partOfAPart();
    };
  }

  @ParameterizedTest
  @MethodSource("stores")
  void readsItsBytesAndNoMore(String kind) throws IOException {
    try (ByteStore store = store(kind)) {
      assertThat(store.sizeBytes()).isEqualTo(CONTENT.length);
      assertThat(store.name()).isEqualTo(path.toString());
      MemorySegment into = Arena.ofAuto().allocate(CONTENT.length + 10);
      assertThat(store.readUpTo(0, into, 0, into.byteSize())).isEqualTo(CONTENT.length);
      assertThat(store.readHead(0, CONTENT.length + 10)).isEqualTo(CONTENT);
      assertThat(into.asSlice(CONTENT.length).toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
      assertThat(store.read(CONTENT.length, into, 0, 10)).isZero();
      assertThat(store.read(CONTENT.length + 5, into, 0, 10)).isZero();
      Random random = new Random(2);
      for (int i = 0; i < 100; i++) {
        int position = random.nextInt(CONTENT.length);
        int length = random.nextInt(CONTENT.length - position);
        store.readFully(position, into, 3, length);
        assertThat(
                into.asSlice(3, length)
                    .mismatch(MemorySegment.ofArray(CONTENT).asSlice(position, length)))
            .isEqualTo(-1);
      }
      assertThatThrownBy(() -> store.readFully(CONTENT.length - 5, into, 0, 6))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessage(path + " is incomplete: it ends at offset " + CONTENT.length);
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void tellsDataFromHoles(String kind) throws IOException {
    try (ByteStore store = store(kind)) {
      assertThat(store.nextData(0)).isEqualTo(OptionalLong.of(0));
      assertThat(store.nextHole(10)).isEqualTo(OptionalLong.of(MIB));
      assertThat(store.nextData(MIB)).isEqualTo(OptionalLong.of(2 * MIB));
      assertThat(store.nextData(2 * MIB + 5)).isEqualTo(OptionalLong.of(2 * MIB + 5));
      assertThat(store.nextHole(2 * MIB)).isEqualTo(OptionalLong.of(CONTENT.length));
      assertThat(store.nextData(CONTENT.length)).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void saysWhereItsBytesLieInAFile(String kind) throws IOException {
    try (ByteStore store = store(kind)) {
      FilePlace place = store.filePlace(2 * MIB).orElseThrow();
      assertThat(place.file().readHead(place.position(), 100))
          .isEqualTo(Arrays.copyOfRange(CONTENT, 2 * MIB, 2 * MIB + 100));
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void noticesWhenItIsChanged(String kind) throws IOException {
    try (ByteStore store = store(kind)) {
      assertThat(store.state()).isEqualTo(new StoreState.Unchanged());
      store.state().throwIfChanged(store.name());
      FileTime later = FileTime.fromMillis(System.currentTimeMillis() + 10_000);
      Files.setLastModifiedTime(path, later);
      assertThat(store.state()).isEqualTo(new StoreState.Modified(later.toInstant()));
      long size = Files.size(path);
      write(size, new byte[] {1});
      assertThat(store.state()).isEqualTo(new StoreState.Resized(size, size + 1));
      assertThatThrownBy(() -> store.state().throwIfChanged(store.name()))
          .isInstanceOf(DamagedSaveException.class)
          .hasMessage(
              path
                  + " was changed since it was opened: it had "
                  + size
                  + " bytes and has "
                  + (size + 1)
                  + "; the guest's memory can't be trusted");
    }
  }

  @Test
  void partOfATruncatedFileEndsWithIt() throws IOException {
    try (ByteStore store = part();
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(PREFIX + 10);
      assertThat(store.sizeBytes()).isEqualTo(10);
      file.setLength(5);
      assertThat(store.sizeBytes()).isZero();
      assertThat(store.readHead(0, 5)).isEmpty();
    }
  }

  @Test
  void partsThatAreNone() throws IOException {
    try (ByteStore store = file()) {
      assertThatThrownBy(() -> new StorePart(store, 1, CONTENT.length))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> new StorePart(store, -1, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void fileThatIsReplacedStaysWhatItWas() throws IOException {
    try (ByteStore store = file()) {
      LocalFile file = store.filePlace(0).orElseThrow().file();
      assertThat(file.replaced()).isFalse();
      Path other = Files.write(directory.resolve("other"), new byte[] {1, 2});
      Files.move(other, path, StandardCopyOption.ATOMIC_MOVE);
      assertThat(file.replaced()).isTrue();
      assertThat(file.state()).isEqualTo(new StoreState.Unchanged());
      assertThat(file.sizeBytes()).isEqualTo(CONTENT.length);
      Files.delete(path);
      assertThat(file.replaced()).isTrue();
    }
  }

  @Test
  void whatIsNoRegularFileIsRefused() {
    assertThatThrownBy(() -> LocalFile.open(directory))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot read " + directory + ": it is not a regular file");
  }
}
