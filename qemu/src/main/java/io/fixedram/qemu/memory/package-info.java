// SPDX-License-Identifier: Apache-2.0
/**
 * Access to the memory of a running QEMU in place: identifies the process behind a QMP connection,
 * locates and verifies its RAM blocks, reads their pages as a {@link io.fixedram.store.PageStore}
 * or writes them, and reads the device state of a stopped guest without a migration. Independent of
 * saving and restoring.
 */
package io.fixedram.qemu.memory;
