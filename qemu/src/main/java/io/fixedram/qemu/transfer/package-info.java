// SPDX-License-Identifier: Apache-2.0
/** How a transfer between a guest and a save is followed: what a listener hears and sees. */
package io.fixedram.qemu.transfer;
