// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
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

  /** The member with the list of devices, which the description of the configuration precedes. */
  private static final MemorySegment DEVICES = ascii("\"devices\"");

  /** The member with the fields of a device. */
  private static final MemorySegment FIELDS = ascii("\"fields\"");

  /** Keeps read-only views of the memory. */
  public DeviceState {
    bytes = bytes.asReadOnly();
    description = description.map(MemorySegment::asReadOnly);
  }

  /** Length of the whole device state in bytes. */
  public long sizeBytes() {
    return bytes.byteSize();
  }

  /**
   * Whether the description has the fields of a device, from which its state can be decoded. A save
   * in place has a description with the names of devices only.
   */
  public boolean describesFields() {
    return description
        .map(text -> indexOf(text, FIELDS, Math.max(0, indexOf(text, DEVICES, 0))) >= 0)
        .orElse(false);
  }

  private static MemorySegment ascii(String text) {
    return MemorySegment.ofArray(text.getBytes(StandardCharsets.US_ASCII)).asReadOnly();
  }

  /** Offset of a text in another one, from an offset on; -1 if there is none. */
  private static long indexOf(MemorySegment text, MemorySegment part, long from) {
    for (long at = from; at <= text.byteSize() - part.byteSize(); at++) {
      if (text.get(JAVA_BYTE, at) == part.get(JAVA_BYTE, 0)
          && text.asSlice(at, part.byteSize()).mismatch(part) < 0) {
        return at;
      }
    }
    return -1;
  }
}
