// SPDX-License-Identifier: Apache-2.0
/**
 * The migration engine: saves the memory of a guest that this process owns while the guest goes on
 * writing it.
 *
 * <p>{@link io.fixedram.memory.GuestMemory} holds the RAM blocks and the log of pages written.
 * {@link io.fixedram.engine.LiveMemory} is the source of pages that it makes, pass after pass;
 * {@link io.fixedram.engine.Migration} wires that source to a transport and gives it QEMU's states,
 * capabilities and counters.
 */
package io.fixedram.engine;
