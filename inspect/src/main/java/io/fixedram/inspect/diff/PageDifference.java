// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.diff;

/** How a page differs between A and B. */
public enum PageDifference {
  /** It has content in both, which differs. */
  CHANGED,
  /** It has content in A and is zero, or not there, in B. */
  ONLY_A,
  /** It has content in B and is zero, or not there, in A. */
  ONLY_B
}
