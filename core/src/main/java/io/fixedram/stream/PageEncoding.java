// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

/** How a record of a "ram" payload carries the content of a page. */
public enum PageEncoding {
  /** PAGE: the bytes of the page. */
  PLAIN,
  /** ZERO with a fill other than 0: one byte, which all bytes of the page have. */
  FILL,
  /** COMPRESS_PAGE: zlib data. */
  COMPRESSED,
  /** XBZRLE: the difference to what the page was before. */
  XBZRLE
}
