// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Everything that follows the "ram" section in a stream, carried verbatim except for the
 * description of the configuration section: the sections of the devices, the EOF byte, and QEMU's
 * description of the sections.
 *
 * @param bytes the whole device state, read-only
 * @param sectionsBytes length of the device sections, which is the offset of the EOF byte
 * @param description the JSON text of the VMDESCRIPTION, in UTF-8; absent where the machine
 *     suppresses it
 */
public record DeviceState(
    MemorySegment bytes, long sectionsBytes, Optional<MemorySegment> description) {
  /**
   * Maximum length of a device state. Devices with larger state (VFIO) send it in sections of their
   * own, which cannot be carried.
   */
  public static final int MAX_BYTES = 64 << 20;

  /** Keeps read-only views of the memory. */
  public DeviceState {
    bytes = bytes.asReadOnly();
    description = description.map(MemorySegment::asReadOnly);
  }

  /** Length of the whole device state in bytes. */
  public long sizeBytes() {
    return bytes.byteSize();
  }
}
