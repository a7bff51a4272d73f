// SPDX-License-Identifier: Apache-2.0
/**
 * The memory of a running QEMU where it lies: the process behind a QMP connection identified beyond
 * doubt, its RAM blocks found in its address space and verified, their pages read as a {@link
 * io.fixedram.store.PageStore} or written, and the state of a stopped guest's devices taken without
 * a migration. Knows QMP and what the kernel tells of processes, and nothing of how guests are
 * saved and restored.
 */
package io.fixedram.qemu.memory;
