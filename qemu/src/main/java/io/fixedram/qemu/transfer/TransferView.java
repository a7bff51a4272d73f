// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.transfer;

import java.util.Optional;

/** Progress of a transfer. Readable from any thread; the numbers are not a consistent snapshot. */
public interface TransferView {
  /** Sum of the used lengths of all RAM blocks, in bytes; 0 until it is known. */
  long ramBytes();

  /** Bytes of RAM that need not be sent any more unless the guest writes to them again. */
  long doneBytes();

  /** Bytes transferred as page content; repeated pages count again. */
  long dataBytes();

  /** Bytes transferred as page content or as zero pages; repeated pages count again. */
  long transferredBytes();

  /** Number of times QEMU has read the dirty log; 0 if that is not counted. */
  default long passes() {
    return 0;
  }

  /** Target pages dirtied per second, as last measured by QEMU; 0 if unknown. */
  default long dirtyPagesPerSecond() {
    return 0;
  }

  /** Statistics of serving pages; only for restore mode lazy. */
  default Optional<ServingState> serving() {
    return Optional.empty();
  }

  /** Short name of the current phase, for display. */
  String phase();
}
