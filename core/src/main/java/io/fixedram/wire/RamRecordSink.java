// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import io.fixedram.guest.RamBlock;

/**
 * Receives the records of "ram" payloads in the order of the stream. The same page may come any
 * number of times; the last one wins.
 */
public interface RamRecordSink {
  /** Receives the content of a page. */
  void content(EncodedPage page);

  /** Receives a run of zero pages. */
  void zero(RamBlock block, long offset, long lengthBytes);
}
