// SPDX-License-Identifier: Apache-2.0
/**
 * Receiving a migration stream into a save, sending a save as a migration stream, and converting
 * saves.
 */
package io.fixedram.qemu.stream;
