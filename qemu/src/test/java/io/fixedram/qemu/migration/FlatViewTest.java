// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Parsing of "info mtree -f". */
class FlatViewTest {
  @Test
  void onlyRamAndRomOfTheViewOfMemory() {
    FlatView view =
        FlatView.parse(
            """
            FlatView #0
             AS "cpu-smm-0", root: memory
             AS "memory", root: system
             Root memory region: memory
              0000000000000000-00000000000bffff (prio 0, ram): pc.ram
              00000000000c0000-00000000000cafff (prio 0, rom): pc.ram @00000000000c0000 KVM
              00000000fd000000-00000000fdffffff (prio 1, ram): vga.vram
              00000000febc0000-00000000febdffff (prio 1, i/o): e1000-mmio
              0000000100000000-000000013fffffff (prio 0, nv-ram): nv @0000000000001000

            FlatView #1
             AS "I/O", root: io
              0000000000000000-0000000000000007 (prio 0, ram): elsewhere
            """);
    assertThat(view.ranges())
        .containsExactly(
            new FlatView.Range(0, 0xbffff, true, "pc.ram", 0),
            new FlatView.Range(0xc0000, 0xcafff, false, "pc.ram", 0xc0000),
            new FlatView.Range(0xfd000000L, 0xfdffffffL, true, "vga.vram", 0),
            new FlatView.Range(0x100000000L, 0x13fffffffL, true, "nv", 0x1000));
    assertThat(view.ranges().getLast().bytes()).isEqualTo(1L << 30);
  }

  @Test
  void anythingElseIsNoView() {
    assertThat(FlatView.parse("info mtree: unknown command").ranges()).isEmpty();
    assertThat(FlatView.parse("").ranges()).isEmpty();
  }
}
