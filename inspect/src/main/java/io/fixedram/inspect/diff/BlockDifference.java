// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.diff;

/**
 * How much of a RAM block differs between A and B.
 *
 * @param name name of the block
 * @param bytesA length in A, 0 if A has no such block
 * @param bytesB length in B, 0 if B has no such block
 * @param changed number of pages that are {@link PageDifference#CHANGED}
 * @param onlyA number of pages that are {@link PageDifference#ONLY_A}
 * @param onlyB number of pages that are {@link PageDifference#ONLY_B}
 */
public record BlockDifference(
    String name, long bytesA, long bytesB, long changed, long onlyA, long onlyB) {
  /** Whether the content is the same and the length too. */
  public boolean isSame() {
    return changed == 0 && onlyA == 0 && onlyB == 0 && bytesA == bytesB;
  }
}
