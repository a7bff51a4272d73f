// SPDX-License-Identifier: Apache-2.0
/**
 * Checks whether a save matches the QEMU that waits for it, and which restore modes are possible.
 */
package io.fixedram.qemu.check;
