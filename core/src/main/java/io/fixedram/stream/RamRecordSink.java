// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import io.fixedram.guest.RamBlock;

/**
 * Takes the records of "ram" payloads in the order of the stream. The same page may come any number
 * of times; the last one wins.
 */
public interface RamRecordSink {
  /** Takes the content of a page. */
  void content(EncodedPage page);

  /** Takes a run of zero pages. */
  void zero(RamBlock block, long offset, long lengthBytes);
}
