// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import io.fixedram.inspect.device.DeviceValue.Structure;
import java.util.Optional;

/**
 * A device in a device state.
 *
 * @param name name of its section, which may begin with its place in the machine ({@code
 *     0000:00:03.0/virtio-net})
 * @param instance instance id, which distinguishes sections of the same name
 * @param version version of the section
 * @param section id of the section in the stream
 * @param offset offset of the payload in the device state
 * @param bytes length of the payload
 * @param state the decoded payload; empty if nothing describes it
 * @param complete whether {@code state} is the whole payload; false for a processor that is decoded
 *     by the layout that all versions have in common
 */
public record Device(
    String name,
    int instance,
    int version,
    int section,
    long offset,
    long bytes,
    Optional<Structure> state,
    boolean complete) {}
