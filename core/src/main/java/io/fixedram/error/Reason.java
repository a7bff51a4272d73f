// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import java.util.List;

/**
 * Reason why something is not possible or was not done, with remedies.
 *
 * @param sentence the reason, complete without the remedies
 * @param remedies alternatives, the best first; may be empty
 */
public record Reason(String sentence, List<Remedy> remedies) {
  /** Copies the list of remedies. */
  public Reason {
    remedies = List.copyOf(remedies);
  }

  /** A reason with a sentence and remedies. */
  public static Reason of(String sentence, Remedy... remedies) {
    return new Reason(sentence, List.of(remedies));
  }

  /** A copy of this reason with text prepended to its sentence. */
  public Reason after(String text) {
    return new Reason(text + sentence, remedies);
  }
}
