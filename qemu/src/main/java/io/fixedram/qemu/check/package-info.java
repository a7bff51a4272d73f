// SPDX-License-Identifier: Apache-2.0
/** Whether a save fits the QEMU that waits for it, and which restore modes are possible there. */
package io.fixedram.qemu.check;
