// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

/** Location of a page's content. */
public enum PageKind {
  /** No content: the page is zero. */
  ZERO,
  /** Stored in the store that was asked. */
  HERE,
  /** Stored in another store that the one asked builds upon. */
  ELSEWHERE
}
