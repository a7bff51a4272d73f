// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

/**
 * An overlay over an image of a guest: a qcow2 image that has only what was written since it was
 * made.
 *
 * @param drive the drive, as in {@link DiskFacts.Disk#drive}
 * @param image file or address of the image below, which belongs to the save
 * @param overlay file of the overlay
 */
public record DiskOverlay(String drive, String image, String overlay) {}
