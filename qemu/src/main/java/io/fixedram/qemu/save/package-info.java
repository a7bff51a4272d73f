// SPDX-License-Identifier: Apache-2.0
/** Saving the guest of a running QEMU: {@link io.fixedram.qemu.save.GuestSave}. */
package io.fixedram.qemu.save;
