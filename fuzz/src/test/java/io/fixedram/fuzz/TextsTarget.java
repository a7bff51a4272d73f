// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.qemu.memory.AddressSpace;
import io.fixedram.qemu.migration.FlatView;
import io.fixedram.qemu.migration.QemuRamBlock;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/**
 * Texts for people that are parsed: mappings of a process from /proc, and answers of QEMU's
 * monitor. The first character says which.
 */
final class TextsTarget implements FuzzTarget {
  @Override
  public String name() {
    return "texts";
  }

  @Override
  public void read(byte[] input) {
    if (input.length == 0) {
      return;
    }
    String text = new String(input, 1, input.length - 1, StandardCharsets.ISO_8859_1);
    switch (input[0]) {
      case 'm' -> {
        AddressSpace space = AddressSpace.parse(text);
        space.mappings().forEach(each -> space.covering(each.start(), 4096));
      }
      case 'r' -> QemuRamBlock.parse(text).forEach(block -> block.takes(4096));
      case 'v' -> FlatView.parse(text).ranges().forEach(FlatView.Range::bytes);
      default -> {}
    }
  }

  @Override
  public List<byte[]> seeds() {
    return Stream.of(
            """
            m7f0000000000-7f0004000000 rw-s 00000000 00:01 1034 /memfd:ram (deleted)
            Size:              65536 kB
            VmFlags: rd wr sh mr mw me ms
            7ffd1000-7ffd2000 r-xp 00000000 00:00 0                          [heap]
            """,
            """
            r   Block Name    PSize              Offset               Used              Total                HVA  RO
                    pc.ram    4 KiB  0x0000000000000000 0x0000000004000000 0x0000000004000000 0x00007f1234000000  rw
                   pc.bios    4 KiB  0x0000000004000000 0x0000000000040000 0x0000000000040000
            """,
            """
            vFlatView #0
             AS "memory", root: system
             Root memory region: system
              0000000000000000-00000000000bffff (prio 0, ram): pc.ram KVM
              00000000000c0000-00000000000dffff (prio 1, rom): pc.rom @0000000000000010
              00000000fffc0000-00000000ffffffff (prio 0, romd): pc.bios

            """)
        .map(text -> text.getBytes(StandardCharsets.ISO_8859_1))
        .toList();
  }
}
