// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.RamBlock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainMemoryTest {
  private static boolean contains(String name, long bytes) {
    return MainMemory.contains(new RamBlock(0, name, bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pc.ram",
        "mach-virt.ram",
        "microvm.ram",
        "riscv_virt_board.ram",
        "ram",
        "xlnx-versal.ddr",
        "ram-node0",
        "mem",
        "mem0",
        "memdimm1",
        "dimm1",
        "nvdimm0",
        "node0",
        "/objects/anything",
        "/objects/my.rom"
      })
  void usualNamesOfMainMemory(String name) {
    assertThat(contains(name, 1 << 20)).isTrue();
  }

  /** All from "info ramblock" of QEMU's machines. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "isa-bios",
        "pc.bios",
        "pc.rom",
        "riscv_virt_board.mrom",
        "vmsvga.fifo",
        "system.flash0",
        "virt.flash1",
        "sbsa.flash0",
        "spapr.nvram",
        "omap.sram",
        "tpm-ppi",
        "tpm-crb-cmd",
        "vga.vram",
        "0000:00:02.0/vga.vram",
        "0000:00:02.0/some.ram",
        "/rom@etc/acpi/tables"
      })
  void whatADestinationMayFill(String name) {
    assertThat(contains(name, 256 << 20)).isFalse();
  }

  /** A backend may have any id, and a small block of such a name be anything of a board's. */
  @ParameterizedTest
  @ValueSource(strings = {"x", "big", "foo.bar"})
  void otherNamesCountIfTheBlockIsLarge(String name) {
    assertThat(contains(name, 16 << 20)).isTrue();
    assertThat(contains(name, 8 << 20)).isFalse();
  }
}
