// SPDX-License-Identifier: Apache-2.0
/**
 * A small guest that verifies its own memory: {@link io.fixedram.qemu.guest.MemoryGuest} writes its
 * boot disk, {@link io.fixedram.qemu.guest.SerialReport} parses its messages.
 */
package io.fixedram.qemu.guest;
