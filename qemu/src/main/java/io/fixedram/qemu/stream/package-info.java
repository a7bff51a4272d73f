// SPDX-License-Identifier: Apache-2.0
/** Receiving a migration stream into a save, and sending a save as a migration stream. */
package io.fixedram.qemu.stream;
