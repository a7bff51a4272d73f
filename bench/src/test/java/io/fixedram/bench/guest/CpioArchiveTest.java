// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive as the format describes it. */
class CpioArchiveTest {
  @TempDir Path directory;

  @Test
  void entriesAreAlignedAndEnded() throws IOException {
    CpioArchive archive = new CpioArchive();
    archive.characterDevice("dev/console", 5, 1);
    archive.program("init", "#!/x\n".getBytes(StandardCharsets.US_ASCII));
    Path file = directory.resolve("initrd");
    archive.writeTo(file);
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);

    // 110 bytes of header and 12 of the name, filled up to 124.
    assertThat(text).startsWith("070701" + "00000001" + "00002180");
    assertThat(hex(text, 9)).isEqualTo(5);
    assertThat(hex(text, 10)).isEqualTo(1);
    assertThat(text.substring(110, 124)).isEqualTo("dev/console\0\0\0");
    String program = text.substring(124);
    assertThat(program).startsWith("070701" + "00000002" + "000081ed");
    assertThat(hex(program, 6)).isEqualTo(5);
    assertThat(program.substring(110, 116)).isEqualTo("init\0\0");
    assertThat(program.substring(116, 124)).isEqualTo("#!/x\n\0\0\0");
    assertThat(program.substring(124)).startsWith("070701").contains("TRAILER!!!\0");
    assertThat(text.length() % 4).isZero();
  }

  private static int hex(String entry, int field) {
    return HexFormat.fromHexDigits(entry.substring(6 + 8 * field, 14 + 8 * field));
  }
}
