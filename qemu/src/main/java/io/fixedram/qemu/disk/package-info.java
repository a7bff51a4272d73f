// SPDX-License-Identifier: Apache-2.0
/**
 * Disks that belong to a save: snapshots of a guest's disks while it is stopped for the save, and
 * overlays over the images of a save for a restored guest.
 */
package io.fixedram.qemu.disk;
