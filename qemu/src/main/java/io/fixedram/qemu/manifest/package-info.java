// SPDX-License-Identifier: Apache-2.0
/**
 * The manifest of a save: facts about the guest, its QEMU and its disks at the time of the save, to
 * compare with the QEMU that the guest is restored into. Format: docs/manifest.md.
 */
package io.fixedram.qemu.manifest;
