// SPDX-License-Identifier: Apache-2.0
/**
 * Saves the guest of a running QEMU and brings it back: {@link io.fixedram.qemu.GuestSave} and
 * {@link io.fixedram.qemu.GuestRestore}; {@link io.fixedram.qemu.StreamReceive} and {@link
 * io.fixedram.qemu.StreamSend} do the half that needs no QMP. Facts about QEMU were checked against
 * QEMU 7.2.22 and 10.0.
 */
package io.fixedram.qemu;
