// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import java.util.Optional;

/**
 * A field of a structure, as a VMDESCRIPTION describes it.
 *
 * @param name name, which several fields that follow each other share if they are parts of an array
 * @param size bytes of an element; of no meaning for structures
 * @param count number of elements
 * @param structure what an element consists of, of structures only
 */
record FieldDescription(
    String name, FieldType type, int size, int count, Optional<StructureDescription> structure) {}
