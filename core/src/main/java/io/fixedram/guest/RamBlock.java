// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.util.OptionalLong;

/**
 * One RAM block of a guest, as the MEM_SIZE record of the migration stream lists it.
 *
 * @param index position of the block in that list
 * @param name QEMU's idstr, 1 to 255 bytes, each as one char
 * @param usedLength bytes in use, a multiple of the target page size
 * @param pageSize bytes of a host page behind the block, listed only if postcopy-ram is on and the
 *     size differs from the host's base page (huge pages)
 * @param guestAddress guest-physical address of the block, listed only with x-ignore-shared
 */
public record RamBlock(
    int index, String name, long usedLength, OptionalLong pageSize, OptionalLong guestAddress) {

  /**
   * Checks the name.
   *
   * @throws io.fixedram.error.FixedRamException if a stream can't carry the name
   */
  public RamBlock {
    name = StreamNames.checked("a RAM block", name);
  }

  /** A block as most streams list it: without page size and guest address. */
  public RamBlock(int index, String name, long usedLength) {
    this(index, name, usedLength, OptionalLong.empty(), OptionalLong.empty());
  }

  @Override
  public String toString() {
    return name;
  }
}
