// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import java.util.Map;

/**
 * How a field's bytes are to be read: the types of a VMDESCRIPTION (QEMU's vmstate_info_* in
 * migration/vmstate-types.c, by their names), as far as they differ in that.
 */
enum FieldType {
  FLAG,
  SIGNED,
  UNSIGNED,
  /** One byte with the length, then the characters. */
  CAPABILITY,
  /** The character {@code 0} instead of an element that is not there. */
  NULL_POINTER,
  STRUCTURE,
  /** Everything else: bytes without a meaning that the description knows. */
  BYTES;

  private static final Map<String, FieldType> BY_NAME =
      Map.ofEntries(
          Map.entry("bool", FLAG),
          Map.entry("int8", SIGNED),
          Map.entry("int16", SIGNED),
          Map.entry("int32", SIGNED),
          Map.entry("int64", SIGNED),
          Map.entry("int32 equal", SIGNED),
          Map.entry("int64 equal", SIGNED),
          // Less or equal to the destination's value: the bytes are big-endian as all others.
          Map.entry("int32 le", SIGNED),
          Map.entry("uint8", UNSIGNED),
          Map.entry("uint16", UNSIGNED),
          Map.entry("uint32", UNSIGNED),
          Map.entry("uint64", UNSIGNED),
          Map.entry("uint8 equal", UNSIGNED),
          Map.entry("uint16 equal", UNSIGNED),
          Map.entry("uint32 equal", UNSIGNED),
          Map.entry("capability", CAPABILITY),
          Map.entry("nullptr", NULL_POINTER),
          Map.entry("struct", STRUCTURE));

  /** The type of a name in a description. */
  static FieldType of(String name) {
    return BY_NAME.getOrDefault(name, BYTES);
  }
}
