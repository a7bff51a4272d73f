// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

/** Where the content of a page is. */
public enum PageKind {
  /** Nowhere: the page is zero. */
  ZERO,
  /** In the store that was asked. */
  HERE,
  /** In another store that the one asked builds upon. */
  ELSEWHERE
}
