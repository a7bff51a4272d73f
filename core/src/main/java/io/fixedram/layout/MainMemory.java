// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import io.fixedram.guest.RamBlock;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Distinguishes main memory, which is empty in a new QEMU, from all other blocks. A destination
 * fills some of those before it loads (firmware, option ROMs, ACPI tables, registers of a display),
 * and QEMU's mapped-ram loader does not touch pages whose bit is clear, so that a zero page would
 * keep the destination's content. The bits of such blocks are therefore all set. Zero pages of main
 * memory can be left out.
 *
 * <p>A stream does not say which block is main memory. Main memory has the name that its machine
 * type gives it (pc.ram, mach-virt.ram) or the id of a memory backend, with or without its path
 * (/objects/ID). Ids are arbitrary, and boards give other blocks plain names too (isa-bios,
 * vmsvga.fifo). A block with any other name is therefore main memory only if no part of the name
 * stands for firmware or memory of a device, and the block is larger than such blocks of boards. A
 * doubtful block is not treated as main memory, which costs time but never content.
 */
public final class MainMemory {
  private static final String BACKEND_PATH = "/objects/";

  /** Names that machine types give main memory: ram, pc.ram, mach-virt.ram, xlnx-versal.ddr. */
  private static final Pattern MACHINE_NAME =
      Pattern.compile("(?:[^/]*\\.)?(?:ram|dram|ddr|sdram)");

  /** Ids that QEMU's documentation, libvirt and others give backends: ram-node0, dimm1, mem. */
  private static final Pattern BACKEND_ID =
      Pattern.compile("(?:ram|mem|memory|dimm|memdimm|vmem|nvdimm|memnvdimm|node|numa)[-_]?.*");

  /** Parts of the names of blocks that hold firmware or are memory of a device. */
  private static final List<String> NOT_MAIN_MEMORY =
      List.of("bios", "rom", "flash", "vram", "sram", "fifo", "nor", "firmware", "efi", "tpm");

  /** Minimum size of a block with any other name; ROMs, SRAMs and buffers of boards are smaller. */
  private static final long MIN_BYTES_OF_OTHER_NAMES = 16 << 20;

  private MainMemory() {}

  /** Whether a block is known to be empty in a new QEMU. */
  public static boolean contains(RamBlock block) {
    String name = block.name().toLowerCase(Locale.ROOT);
    if (name.startsWith(BACKEND_PATH)) {
      return true;
    }
    if (name.indexOf('/') >= 0) {
      return false;
    }
    return isOfMachine(block)
        || (NOT_MAIN_MEMORY.stream().noneMatch(name::contains)
            && (BACKEND_ID.matcher(name).matches()
                || block.usedLength() >= MIN_BYTES_OF_OTHER_NAMES));
  }

  /** Whether a block has a name that machine types give to memory created by -m alone. */
  public static boolean isOfMachine(RamBlock block) {
    return MACHINE_NAME.matcher(block.name()).matches();
  }
}
