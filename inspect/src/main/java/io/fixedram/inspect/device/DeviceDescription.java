// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device, as a VMDESCRIPTION describes it.
 *
 * @param name name of its section
 * @param instance instance id of its section
 * @param bytes length of its state, which a save in place has; empty if it is not recorded
 * @param state its state; empty if the description has no fields
 */
record DeviceDescription(
    String name, long instance, OptionalLong bytes, Optional<StructureDescription> state) {
  boolean describes(String sectionName, int sectionInstance) {
    return name.equals(sectionName) && instance == Integer.toUnsignedLong(sectionInstance);
  }
}
