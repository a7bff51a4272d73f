// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

/**
 * What is in the memory of a destination before it loads a save, which decides what pages and
 * sections a fixed-offset file needs.
 */
public enum DestinationMemory {
  /**
   * A QEMU's: it fills some blocks before it loads (firmware, option ROMs, ACPI tables), so that
   * those blocks carry all their pages, zeros too. The "ram" section has SECTION_START and
   * SECTION_END.
   */
  QEMU,
  /**
   * Zeros only: a page is in the file if it is not zero, whatever its block, as the 2022 proposal
   * wrote its files. One SECTION_PART stands between start and end, as in a save of one iteration.
   */
  EMPTY
}
