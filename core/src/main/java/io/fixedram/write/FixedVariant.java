// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

/** In what fixed-offset files of one layout differ, depending on the guest they are of. */
public enum FixedVariant {
  /**
   * Of a QEMU: blocks that a destination fills before it loads carry all their pages, zeros too; of
   * the "ram" section there are SECTION_START and SECTION_END.
   */
  QEMU_GUEST,
  /**
   * Of memory that nobody fills before it is loaded, as the 2022 proposal wrote its files: a page
   * is in the file if it is not zero, whatever its block; one SECTION_PART stands between start and
   * end, which is what a save of one iteration has.
   */
  PROPOSAL
}
