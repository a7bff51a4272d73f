// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StorePart;
import java.util.Optional;

/** A format that holds a save as its body, such as the image of a VM manager. */
@FunctionalInterface
public interface Envelope {
  /**
   * Looks whether a store is of this format.
   *
   * @return where the save is; empty if the store is of another format
   * @throws io.fixedram.error.FixedRamException if it is of this format and damaged, or of a kind
   *     that can't be read
   */
  Optional<Body> open(ByteStore store);

  /**
   * A save in an envelope.
   *
   * @param bytes what the offsets in the save count from: a {@link StorePart}, or the store itself
   *     where they count from the beginning of the envelope
   * @param start position of the save's first byte in {@code bytes}
   */
  record Body(ByteStore bytes, long start) {}
}
