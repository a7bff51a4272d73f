// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.error.StorageException;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryGuestImageTest {
  private static final Region LOW = new Region(0x100000, 256);

  @TempDir private Path directory;

  @Test
  void codeIsWhatItsSourceAssemblesTo() throws Exception {
    String machine = System.getProperty("os.arch");
    assumeTrue("amd64".equals(machine), "the assembler here is for " + machine + ", not for x86");
    for (String tool : List.of("as", "objcopy")) {
      assumeTrue(onPath(tool), tool + " (GNU binutils) is not on this machine");
    }
    Path object = directory.resolve("memory-guest.o");
    Path binary = directory.resolve("memory-guest.bin");
    Path source = Path.of("src", "main", "guest", "memory-guest.S").toAbsolutePath();
    run("as", "--64", "-mx86-used-note=no", "-o", object.toString(), source.toString());
    run("objcopy", "-O", "binary", "-j", ".text", object.toString(), binary.toString());
    assertThat(MemoryGuest.code()).isEqualTo(Files.readAllBytes(binary));
  }

  @Test
  void parametersLieAtTheirOffsets() throws IOException {
    Path image = directory.resolve("guest.img");
    Files.writeString(image, "earlier content");
    new MemoryGuest(List.of(LOW, new Region(0x1_4000_0000L, 0x123456)), 0xfedc_ba98L)
        .writeTo(image);

    byte[] bytes = Files.readAllBytes(image);
    ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(fields.getLong(8)).isEqualTo(0x100000);
    assertThat(fields.getLong(16)).isEqualTo(256);
    assertThat(fields.getLong(24)).isEqualTo(0x1_4000_0000L);
    assertThat(fields.getLong(32)).isEqualTo(0x123456);
    assertThat(fields.getInt(40)).isEqualTo(0xfedc_ba98);

    byte[] expected = Arrays.copyOf(MemoryGuest.code(), 1_474_560);
    System.arraycopy(bytes, 8, expected, 8, 36);
    assertThat(bytes).isEqualTo(expected);
  }

  @Test
  void secondRegionIsUnusedUnlessGiven() throws IOException {
    Path image = directory.resolve("guest.img");
    new MemoryGuest(List.of(LOW), 0).writeTo(image);
    assertThat(Arrays.copyOfRange(Files.readAllBytes(image), 24, 44)).containsOnly(0);
  }

  @Test
  void imageThatCantBeWrittenIsNamed() {
    Path image = directory.resolve("missing").resolve("guest.img");
    assertThatThrownBy(() -> new MemoryGuest(List.of(LOW), 0).writeTo(image))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(image.toString());
  }

  @Test
  void regionsLieWhereTheGuestCanUseThem() {
    assertThat(new Region(0x3_ffff_f000L, 1).pages()).isEqualTo(1);
    assertRegionRefused(0xff000, 1);
    assertRegionRefused(0x100001, 1);
    assertRegionRefused(0x100000, 0);
    assertRegionRefused(0x100000, -1);
    assertRegionRefused(0x3_ffff_f000L, 2);
    assertRegionRefused(0x4_0000_0000L, 1);
    assertRegionRefused(0x100000, Long.MAX_VALUE);
    assertRegionRefused(-4096, 1);
  }

  @Test
  void oneOrTwoSeparateRegions() {
    Region behind = new Region(0x200000, 1);
    assertThat(new MemoryGuest(List.of(behind, LOW), 0).regions()).containsExactly(behind, LOW);
    Region inside = new Region(0x1ff000, 1);
    assertGuestRefused(List.of(), 0);
    assertGuestRefused(List.of(LOW, behind, new Region(0x300000, 1)), 0);
    assertGuestRefused(List.of(LOW, inside), 0);
    assertGuestRefused(List.of(inside, LOW), 0);
    assertGuestRefused(List.of(LOW, LOW), 0);
    assertGuestRefused(List.of(LOW), -1);
    assertGuestRefused(List.of(LOW), 1L << 32);
  }

  private static void assertRegionRefused(long guestAddress, long pages) {
    assertThatThrownBy(() -> new Region(guestAddress, pages))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void assertGuestRefused(List<Region> regions, long delayTurns) {
    assertThatThrownBy(() -> new MemoryGuest(regions, delayTurns))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static boolean onPath(String tool) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), output).isZero();
  }
}
