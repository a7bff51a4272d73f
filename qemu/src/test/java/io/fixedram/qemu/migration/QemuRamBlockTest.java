// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class QemuRamBlockTest {
  private static final long MIB = 1 << 20;

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
            new QemuRamBlock("pc.ram", "4 KiB", 64 * MIB, 64 * MIB),
            new QemuRamBlock("/rom@etc/acpi/tables", "4 KiB", 128 << 10, 2 * MIB),
            new QemuRamBlock("a name of it", "2 MiB", 2 * MIB, 2 * MIB));
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
  }

  @Test
  void whatIsNotUnderstoodTellsNothing() {
    assertThat(QemuRamBlock.parse("")).isEmpty();
    assertThat(QemuRamBlock.parse("Block Name PSize\nmem 4 KiB 0x0 0x1000 0x1000\nmem 4096\n"))
        .isEmpty();
    assertThat(QemuRamBlock.parse("Name\nmem 4 KiB 0x0 0x11112222333344445 0x1000\n")).isEmpty();
  }

  @Test
  void lengthsThatAreLoaded() {
    QemuRamBlock fixed = new QemuRamBlock("pc.ram", "4 KiB", 64 * MIB, 64 * MIB);
    assertThat(fixed.takes(64 * MIB)).isTrue();
    assertThat(fixed.takes(32 * MIB)).isFalse();
    QemuRamBlock growing = new QemuRamBlock("x", "4 KiB", MIB, 2 * MIB);
    assertThat(growing.takes(2 * MIB)).isTrue();
    assertThat(growing.takes(3 * MIB)).isFalse();
    assertThat(new QemuRamBlock("/rom@etc/x", "4 KiB", MIB, MIB).takes(4 * MIB)).isTrue();
  }
}
