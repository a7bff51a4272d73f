// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

/**
 * All that stands before the first page of a save.
 *
 * @param configuration the guest's configuration
 * @param blocks its RAM blocks
 * @param ramSectionId the id under which the stream's "ram" section and its parts go
 */
public record SaveHeader(Configuration configuration, RamBlocks blocks, int ramSectionId) {}
