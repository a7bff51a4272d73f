// SPDX-License-Identifier: Apache-2.0
/** Finding and starting programs of this host. */
package io.fixedram.qemu.process;
