// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import java.util.List;

/**
 * The content of a structure, as a VMDESCRIPTION describes it.
 *
 * @param name QEMU's name of the structure ({@code vmsd_name})
 * @param fields its fields, in the order of their bytes
 * @param subsections what follows the fields: u8 5, u8 length, name, be32 version, content
 */
record StructureDescription(
    String name, List<FieldDescription> fields, List<StructureDescription> subsections) {
  StructureDescription {
    fields = List.copyOf(fields);
    subsections = List.copyOf(subsections);
  }
}
