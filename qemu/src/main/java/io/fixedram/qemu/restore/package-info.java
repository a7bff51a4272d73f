// SPDX-License-Identifier: Apache-2.0
/** Restoring saved guests: {@link io.fixedram.qemu.restore.GuestRestore}. */
package io.fixedram.qemu.restore;
