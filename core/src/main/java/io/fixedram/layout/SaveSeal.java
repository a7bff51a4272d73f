// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import java.util.UUID;

/**
 * The seal of a save: its pages have fingerprints and everything else has digests, so that damage
 * is found (docs/format.md, "Sealed files").
 *
 * @param id id of the save
 * @param writer the program that sealed the file, and its version
 * @param signature the state of its signature
 */
public record SaveSeal(UUID id, String writer, Signature signature) {
  /** Signature of a save. */
  public enum Signature {
    /** The save has none: its fingerprints are not cryptographic. */
    NONE,

    /** The save has one, which was not checked, since no key was given. */
    NOT_CHECKED,

    /** The save is signed with the key that was given. */
    CHECKED
  }

  /** Whether the save has a signature, checked or not. */
  public boolean signed() {
    return signature != Signature.NONE;
  }
}
