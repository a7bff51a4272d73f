// SPDX-License-Identifier: Apache-2.0
/** Takes a migration stream from any sender into a save, and sends a save as one. */
package io.fixedram.qemu.stream;
