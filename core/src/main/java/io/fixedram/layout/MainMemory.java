// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import io.fixedram.guest.RamBlock;
import java.util.List;

/**
 * Tells main memory from the blocks that a destination fills before it loads: firmware, option
 * ROMs, ACPI tables. QEMU's mapped-ram loader leaves a page alone whose bit is clear, so that a
 * zero page of such a block would keep what the destination's own firmware has there; their bits
 * are all set. Main memory is empty in a new QEMU, and its zero pages can be left out.
 *
 * <p>A stream does not say which is which. QEMU names the blocks of devices by their path ("0000:00
 * :02.0/vga.vram"), those of firmware files "/rom@...", those of boards by suffixes such as ".bios"
 * and ".flash0", and main memory by the machine ("pc.ram") or by the backend's id. A block of doubt
 * counts as not main memory, which costs time but never content.
 */
public final class MainMemory {
  private static final String BACKEND_PATH = "/objects/";
  private static final List<String> NOT_MAIN =
      List.of("bios", "rom", "flash", "vram", "nvram", "sram");

  private MainMemory() {}

  /** Whether a block is empty in a new QEMU. */
  public static boolean contains(RamBlock block) {
    String name = block.name();
    if (name.startsWith(BACKEND_PATH)) {
      return true;
    }
    String last = name.substring(name.lastIndexOf('.') + 1);
    return name.indexOf('/') < 0 && NOT_MAIN.stream().noneMatch(last::startsWith);
  }
}
