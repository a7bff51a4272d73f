// SPDX-License-Identifier: Apache-2.0
/**
 * The migration of a guest embedded in this process, driven through QMP: the commands of QEMU's
 * machine protocol that concern migration, with QEMU's names, answers and events, on a unix socket.
 */
package io.fixedram.qmpserver;
