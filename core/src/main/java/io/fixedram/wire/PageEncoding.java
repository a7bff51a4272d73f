// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

/** Encoding of a page's content in a record of a "ram" payload. */
public enum PageEncoding {
  /** PAGE: the bytes of the page. */
  PLAIN,
  /** ZERO with a fill byte other than 0: all bytes of the page have that value. */
  FILL,
  /** COMPRESS_PAGE: zlib data. */
  COMPRESSED,
  /** XBZRLE: the difference from the page's previous content. */
  XBZRLE
}
