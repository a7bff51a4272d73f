// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageDigestTest {
  private static byte[] expected(byte[] page) throws Exception {
    return Arrays.equals(page, new byte[page.length])
        ? new byte[32]
        : MessageDigest.getInstance("SHA-256").digest(page);
  }

  /** By machine code, in native memory, and by Java's own. */
  @Test
  void isSha256() throws Exception {
    Random random = new Random(1);
    for (int pageBytes = 64; pageBytes <= 1 << 16; pageBytes *= 4) {
      int pages = 9;
      byte[] content = new byte[pages * pageBytes];
      random.nextBytes(content);
      // One of zeros, and one whose only bit that is set is its last.
      Arrays.fill(content, 2 * pageBytes, 4 * pageBytes, (byte) 0);
      content[4 * pageBytes - 1] = 1;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_BYTE, content);
        MemorySegment into = arena.allocate(pages * 32L);
        PageDigest.write(from, 0, pageBytes, pages, into);
        MemorySegment inJava = MemorySegment.ofArray(new byte[pages * 32]);
        PageDigest.writeInJava(MemorySegment.ofArray(content), pageBytes, pages, inJava);
        assertThat(into.toArray(ValueLayout.JAVA_BYTE))
            .isEqualTo(inJava.toArray(ValueLayout.JAVA_BYTE));
        for (int page = 0; page < pages; page++) {
          assertThat(into.asSlice(page * 32L, 32).toArray(ValueLayout.JAVA_BYTE))
              .isEqualTo(
                  expected(Arrays.copyOfRange(content, page * pageBytes, (page + 1) * pageBytes)));
        }
      }
    }
  }

  @Test
  void machineCodeIsWhatItsSourceAssemblesTo(@TempDir Path directory) throws Exception {
    for (String tool : List.of("as", "objcopy")) {
      assumeTrue(onPath(tool), tool + " (GNU binutils) is not on this machine");
    }
    String object = directory.resolve("sha256.o").toString();
    Path binary = directory.resolve("sha256.bin");
    Path source = Path.of("src", "main", "native", "sha256.S").toAbsolutePath();
    run("as", "--64", "-mx86-used-note=no", "-o", object, source.toString());
    run("objcopy", "-O", "binary", "-j", ".text", object, binary.toString());
    assertThat(PageDigest.code()).isEqualTo(Files.readAllBytes(binary));
  }

  private static boolean onPath(String tool) {
    return Arrays.stream(System.getenv("PATH").split(":", -1))
        .anyMatch(each -> Files.isExecutable(Path.of(each, tool)));
  }

  private static void run(String... words) throws Exception {
    assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
  }
}
