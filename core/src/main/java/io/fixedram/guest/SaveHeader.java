// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

/**
 * The part of a save that precedes its first page.
 *
 * @param configuration the guest's configuration
 * @param blocks the guest's RAM blocks
 * @param ramSectionId section id of the stream's "ram" section and its parts
 */
public record SaveHeader(Configuration configuration, RamBlocks blocks, int ramSectionId) {}
