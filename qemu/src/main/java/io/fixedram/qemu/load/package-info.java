// SPDX-License-Identifier: Apache-2.0
/** How a save gets into a QEMU, restore mode by restore mode. */
package io.fixedram.qemu.load;
