// SPDX-License-Identifier: Apache-2.0
package io.fixedram.verify;

import io.fixedram.layout.SaveSeal;

/**
 * Result of sealing a file.
 *
 * @param seal the new seal
 * @param blocks number of RAM blocks whose pages have fingerprints now
 * @param ramBytes length of these pages, zero pages included
 * @param addedBytes bytes by which the file is longer, holes included
 * @param heads whether each block has a mark in front of its pages that shows that the footer
 *     belongs to the file; without it, a file that loses its end is taken as one that was never
 *     sealed
 */
public record SealReport(
    SaveSeal seal, int blocks, long ramBytes, long addedBytes, boolean heads) {}
