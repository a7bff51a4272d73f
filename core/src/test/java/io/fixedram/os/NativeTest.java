// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.testing.ChildJava;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeTest {
  /** Opens a directory, and prints what that says. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) {
      try {
        Descriptor.open(Path.of("/"), Descriptor.Mode.DIRECTORY).close();
        System.out.println("opened");
      } catch (FixedRamException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void saysWhichOptionIsMissing() throws IOException, InterruptedException {
    assertThat(ChildJava.run(Child.class, List.of("--illegal-native-access=deny"), List.of()))
        .isEqualTo(
            new ChildJava.Result(
                0,
                "native access is not permitted: start Java with"
                    + " --enable-native-access=io.fixedram.core (ALL-UNNAMED on the class path)"));
  }

  /** The number that tells which page comes last of all arguments. */
  @Test
  @SuppressWarnings("restricted")
  void sixArgumentsAndErrors(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("file");
    byte[] content = new byte[2 * 4096];
    Arrays.fill(content, 4096, content.length, (byte) 7);
    Files.write(file, content);
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ)) {
      long mapped =
          Native.call(
              Linux.SYS_MMAP,
              0,
              4096,
              Linux.PROT_READ,
              Linux.MAP_PRIVATE,
              descriptor.number(),
              4096);
      assertThat(mapped).isPositive();
      MemorySegment page = MemorySegment.ofAddress(mapped).reinterpret(4096);
      assertThat(page.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 7);
      assertThat(Native.call(Linux.SYS_MUNMAP, mapped, 4096)).isZero();
    }
    assertThat(SystemCalls.linux().open(file + "?", Linux.O_RDONLY, 0)).isEqualTo(-2);
    assertThat(SystemCalls.linux().lseek(-1, 0, Linux.SEEK_DATA)).isEqualTo(-Errno.EBADF.number());
  }

  /** As long as the kernel may use it. */
  @Test
  void memoryOfOthersIsRefused() throws InterruptedException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment own = arena.allocate(8);
      List<Throwable> thrown = new ArrayList<>();
      Thread other =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  SystemCalls.linux().pread(0, own, 0, 8, 0);
                } catch (RuntimeException e) {
                  thrown.add(e);
                }
              });
      other.join();
      assertThat(thrown).hasSize(1).first().isInstanceOf(WrongThreadException.class);
    }
    MemorySegment gone;
    try (Arena closed = Arena.ofShared()) {
      gone = closed.allocate(8);
    }
    assertThatThrownBy(() -> SystemCalls.linux().pread(0, gone, 0, 8, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void needsNothingElse() throws IOException, InterruptedException {
    List<String> options =
        List.of("--illegal-native-access=deny", "--enable-native-access=ALL-UNNAMED");
    assertThat(ChildJava.run(Child.class, options, List.of()))
        .isEqualTo(new ChildJava.Result(0, "opened"));
  }
}
