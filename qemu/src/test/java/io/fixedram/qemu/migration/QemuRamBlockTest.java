// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class QemuRamBlockTest {
  private static final long MIB = 1 << 20;

  private static QemuRamBlock block(String name, long page, long offset, long used, long whole) {
    return new QemuRamBlock(name, page, offset, used, whole, OptionalLong.empty());
  }

  @Test
  void ofQemu7() {
    String text =
        """
                      Block Name    PSize              Offset               Used              Total\r
                          pc.ram    4 KiB  0x0000000000100000 0x0000000004000000 0x0000000004000000\r
            /rom@etc/acpi/tables    4 KiB  0x00000000051c0000 0x0000000000020000 0x0000000000200000\r
                                    4 KiB  0x0000000000000000 0x0000000000100000 0x0000000000100000\r
                    a name of it    2 MiB  0x0000000004100000 0x0000000000200000 0x0000000000200000\r
        """;
    assertThat(QemuRamBlock.parse(text))
        .containsExactly(
            block("pc.ram", 4096, 0x100000, 64 * MIB, 64 * MIB),
            block("/rom@etc/acpi/tables", 4096, 0x51c0000, 128 << 10, 2 * MIB),
            block("a name of it", 2 * MIB, 0x4100000, 2 * MIB, 2 * MIB));
  }

  @Test
  void ofQemu10() {
    String text =
        """
                      Block Name    PSize              Offset               Used              Total                HVA  RO
                          pc.ram    4 KiB  0x0000000000100000 0x0000000004000000 0x0000000004000000 0x00007fcb1ffff000  rw
                                    4 KiB  0x0000000000000000 0x0000000000100000 0x0000000000100000 0x00007fcb70a00000  rw
                         pc.bios    4 KiB  0x0000000004100000 0x0000000000040000 0x0000000000040000 0x00007fcb2b600000  ro
        """;
    List<QemuRamBlock> blocks = QemuRamBlock.parse(text);
    assertThat(blocks).extracting(QemuRamBlock::name).containsExactly("pc.ram", "pc.bios");
    assertThat(blocks).noneMatch(QemuRamBlock::hasHugePages);
    assertThat(blocks)
        .extracting(QemuRamBlock::host)
        .containsExactly(OptionalLong.of(0x7fcb1ffff000L), OptionalLong.of(0x7fcb2b600000L));
  }

  @Test
  void whatIsNotUnderstoodTellsNothing() {
    assertThat(QemuRamBlock.parse("")).isEmpty();
    assertThat(QemuRamBlock.parse("Block Name PSize\nmem 4 KiB 0x0 0x1000 0x1000\nmem 4096\n"))
        .isEmpty();
    assertThat(QemuRamBlock.parse("Name\nmem 4 KiB 0x0 0x11112222333344445 0x1000\n")).isEmpty();
    assertThat(QemuRamBlock.parse("Name\nmem 9999999999999999999 B 0x0 0x1000 0x1000\n")).isEmpty();
    assertThat(QemuRamBlock.parse("Name\n" + "x".repeat(256) + " 4 KiB 0x0 0x1000 0x1000\n"))
        .isEmpty();
    assertThat(QemuRamBlock.parse("Name\n" + "x".repeat(255) + " 4 KiB 0x0 0x1000 0x1000\n"))
        .hasSize(1);
    // Takes no time either, though a pattern could try it in very many ways.
    assertThat(QemuRamBlock.parse("Name\nmem" + " ".repeat(1 << 20) + "x\n")).isEmpty();
  }

  @Test
  void lengthsThatAreLoaded() {
    QemuRamBlock fixed = block("pc.ram", 4096, 0, 64 * MIB, 64 * MIB);
    assertThat(fixed.takes(64 * MIB)).isTrue();
    assertThat(fixed.takes(32 * MIB)).isFalse();
    QemuRamBlock growing = block("x", 4096, 0, MIB, 2 * MIB);
    assertThat(growing.takes(2 * MIB)).isTrue();
    assertThat(growing.takes(3 * MIB)).isFalse();
    assertThat(block("/rom@etc/x", 4096, 0, MIB, MIB).takes(4 * MIB)).isTrue();
  }
}
