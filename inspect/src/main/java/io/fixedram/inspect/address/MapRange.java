// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.address;

import io.fixedram.guest.RamBlock;

/**
 * A range of guest-physical addresses that a RAM block backs.
 *
 * @param address the first address
 * @param bytes length, at least 1
 * @param block the block
 * @param offset offset of the first byte in the block
 * @param writable whether the guest can write there; false for ROM
 */
public record MapRange(long address, long bytes, RamBlock block, long offset, boolean writable) {
  /** The address after the last. */
  public long end() {
    return address + bytes;
  }
}
