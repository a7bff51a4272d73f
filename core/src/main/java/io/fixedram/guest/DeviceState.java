// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Everything that follows the "ram" section in a stream, carried verbatim but for what the
 * description says of the configuration section: the sections of the devices, the EOF byte, and
 * QEMU's description of the sections.
 *
 * @param bytes all of it, read-only
 * @param sectionsBytes how much of it are device sections: the offset of the EOF byte
 * @param description the JSON text of the VMDESCRIPTION, in UTF-8; absent where the machine
 *     suppresses it
 */
public record DeviceState(
    MemorySegment bytes, long sectionsBytes, Optional<MemorySegment> description) {
  /**
   * More than the devices of a guest hold; those that hold more (VFIO) send it in sections of their
   * own, which cannot be carried.
   */
  public static final int MAX_BYTES = 64 << 20;

  /** Keeps read-only views. */
  public DeviceState {
    bytes = bytes.asReadOnly();
    description = description.map(MemorySegment::asReadOnly);
  }

  /** Length of all of it. */
  public long sizeBytes() {
    return bytes.byteSize();
  }
}
