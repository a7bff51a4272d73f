// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import io.fixedram.error.FixedRamException;
import java.util.Optional;

/**
 * A source of pages: a stream being decoded, a fixed-offset file, or memory of a guest that may be
 * running meanwhile.
 */
public interface PageSource {
  /**
   * Pushes one save into a sink, in the calling thread: {@link SaveSink#begin}, then pages and
   * zeros in any order, the same page any number of times, the last of which wins, then {@link
   * SaveSink#end}. Does not close the sink. May be called once, unless the source says otherwise.
   */
  void sendTo(SaveSink sink);

  /**
   * Bytes of pages that are certainly not zero, as far as that is known before they are read: what
   * a copy certainly needs. 0 if nothing is known.
   */
  default long leastContentBytes() {
    return 0;
  }

  /**
   * The manifest: JSON text about the guest and its host, which the library keeps as it is. Empty
   * if there is none.
   *
   * @throws FixedRamException if the manifest is damaged
   */
  default Optional<String> manifest() {
    return Optional.empty();
  }
}
