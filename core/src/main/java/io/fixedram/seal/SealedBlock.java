// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import java.util.OptionalLong;

/**
 * A RAM block of a sealed file.
 *
 * @param index its index
 * @param pagesOffset file offset of its pages
 * @param pagesBytes length of its pages
 * @param headOffset place of its {@link TableHead}; empty if it has none
 * @param name its name, as in the header
 */
public record SealedBlock(
    int index, long pagesOffset, long pagesBytes, OptionalLong headOffset, String name) {
  /** File offset after the pages. */
  public long end() {
    return pagesOffset + pagesBytes;
  }
}
