// SPDX-License-Identifier: Apache-2.0
/**
 * A small guest of our own that tells from inside whether its memory survived: {@link
 * io.fixedram.qemu.guest.MemoryGuest} writes its boot disk, {@link
 * io.fixedram.qemu.guest.SerialReport} reads what it says.
 */
package io.fixedram.qemu.guest;
