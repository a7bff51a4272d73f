// SPDX-License-Identifier: Apache-2.0
/** QEMU's migration as seen over QMP: its states, its settings changed for a while, its sockets. */
package io.fixedram.qemu.migration;
