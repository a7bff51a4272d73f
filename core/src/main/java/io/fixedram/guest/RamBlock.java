// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.util.OptionalLong;

/**
 * One RAM block of a guest, as the MEM_SIZE record of the migration stream lists it.
 *
 * @param index its place in that list
 * @param name QEMU's idstr, 1 to 255 bytes, one char a byte
 * @param usedLength bytes in use, a multiple of the target page size
 * @param pageSize bytes of a host page behind it, listed only where QEMU's postcopy-ram is on and
 *     it is not the host's ordinary one (huge pages)
 * @param guestAddress its guest physical address, listed only under x-ignore-shared
 */
public record RamBlock(
    int index, String name, long usedLength, OptionalLong pageSize, OptionalLong guestAddress) {

  /**
   * Checks the name.
   *
   * @throws io.fixedram.error.FixedRamException if a stream can't carry it
   */
  public RamBlock {
    name = StreamNames.checked("a RAM block", name);
  }

  /** A block as most streams list it. */
  public RamBlock(int index, String name, long usedLength) {
    this(index, name, usedLength, OptionalLong.empty(), OptionalLong.empty());
  }

  @Override
  public String toString() {
    return name;
  }
}
