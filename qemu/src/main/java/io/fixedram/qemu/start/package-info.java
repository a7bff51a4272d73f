// SPDX-License-Identifier: Apache-2.0
/** How a QEMU is started: {@link io.fixedram.qemu.start.QemuStarter}. */
package io.fixedram.qemu.start;
