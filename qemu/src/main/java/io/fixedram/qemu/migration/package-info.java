// SPDX-License-Identifier: Apache-2.0
/** QEMU's migration over QMP: states, temporary settings, RAM blocks and connections. */
package io.fixedram.qemu.migration;
