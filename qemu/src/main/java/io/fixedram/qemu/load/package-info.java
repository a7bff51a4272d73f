// SPDX-License-Identifier: Apache-2.0
/** Loading of a save into a QEMU, with one loader for each restore mode. */
package io.fixedram.qemu.load;
