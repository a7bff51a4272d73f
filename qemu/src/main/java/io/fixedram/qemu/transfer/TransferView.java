// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.transfer;

import java.util.Optional;

/** How far a transfer is. Readable from any thread; each number is right, if not of one moment. */
public interface TransferView {
  /** Used bytes of all RAM blocks; 0 until they are known. */
  long ramBytes();

  /** Bytes of RAM that need not be sent any more unless the guest writes to them again. */
  long doneBytes();

  /** Bytes that went as page content, repeats counted. */
  long dataBytes();

  /** Bytes that went as page content or as zero pages, repeats counted. */
  long transferredBytes();

  /** How often QEMU has looked for dirty pages; 0 where nobody counts. */
  default long passes() {
    return 0;
  }

  /** Target pages that the guest dirties in a second, as QEMU last measured; 0 if unknown. */
  default long dirtyPagesPerSecond() {
    return 0;
  }

  /** How a guest that runs already is served; only of a lazy restore. */
  default Optional<ServingState> serving() {
    return Optional.empty();
  }

  /** A word or two for people. */
  String phase();
}
