// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import java.time.Instant;

/**
 * An event from QEMU.
 *
 * @param name {@code STOP}, {@code RESUME}, {@code MIGRATION}, ...
 * @param data data of the event, an empty object if there is none
 * @param time time of the event, by the clock of QEMU's host
 * @param receivedNanos time at which it was received, as {@link System#nanoTime()}
 */
public record QmpEvent(String name, Json data, Instant time, long receivedNanos) {}
