// SPDX-License-Identifier: Apache-2.0
/** Starting of QEMU processes: {@link io.fixedram.qemu.start.QemuStarter}. */
package io.fixedram.qemu.start;
