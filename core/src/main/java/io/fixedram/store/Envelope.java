// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StorePart;
import java.util.Optional;

/** A format that holds a save as its body, such as the image of a VM manager. */
@FunctionalInterface
public interface Envelope {
  /**
   * Finds the save in a store of this format.
   *
   * @return the save's position; empty if the store is of another format
   * @throws io.fixedram.error.FixedRamException if the store is of this format and damaged, or of
   *     an unsupported variant
   */
  Optional<Body> open(ByteStore store);

  /**
   * A save in an envelope.
   *
   * @param bytes store in which the offsets of the save count from position 0: a {@link StorePart},
   *     or the store itself if they count from the beginning of the envelope
   * @param start position of the save's first byte in {@code bytes}
   */
  record Body(ByteStore bytes, long start) {}
}
