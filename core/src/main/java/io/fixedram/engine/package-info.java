// SPDX-License-Identifier: Apache-2.0
/**
 * The migration engine: saves the memory of a guest in this process while the guest runs.
 *
 * <p>{@link io.fixedram.memory.GuestMemory} holds the RAM blocks and the log of written pages.
 * {@link io.fixedram.engine.LiveMemory} is the source of pages for one save, pass after pass;
 * {@link io.fixedram.engine.Migration} connects that source to a transport and has QEMU's status
 * values, capabilities and counters.
 */
package io.fixedram.engine;
