// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import java.time.Instant;

/**
 * Something that QEMU reports on its own.
 *
 * @param name {@code STOP}, {@code RESUME}, {@code MIGRATION}, ...
 * @param data what goes with it, an empty object if nothing does
 * @param time when it happened, by the clock of QEMU's host
 * @param receivedNanos when it got here, as {@link System#nanoTime()}
 */
public record QmpEvent(String name, Json data, Instant time, long receivedNanos) {}
