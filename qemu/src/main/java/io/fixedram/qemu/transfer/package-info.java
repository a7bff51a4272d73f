// SPDX-License-Identifier: Apache-2.0
/** Listeners and views for the progress of a transfer between a guest and a save. */
package io.fixedram.qemu.transfer;
