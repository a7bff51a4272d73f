// SPDX-License-Identifier: Apache-2.0
/** Brings a saved guest back: {@link io.fixedram.qemu.restore.GuestRestore}. */
package io.fixedram.qemu.restore;
