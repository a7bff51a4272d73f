// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

/**
 * Content of a destination's memory before it loads a save, which decides which pages and sections
 * a fixed-offset file needs.
 */
public enum DestinationMemory {
  /**
   * A QEMU, which fills some blocks before it loads (firmware, option ROMs, ACPI tables), so that
   * these blocks need all their pages, including zero pages. The "ram" section has SECTION_START
   * and SECTION_END.
   */
  QEMU,
  /**
   * Zeros only: a page is in the file only if it is not zero, in every block, as in files of the
   * 2022 proposal. The "ram" section has one SECTION_PART between start and end, as in a save of
   * one iteration.
   */
  EMPTY
}
