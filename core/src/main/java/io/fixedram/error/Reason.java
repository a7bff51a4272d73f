// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

import java.util.List;

/**
 * Why something is not possible or was not done, and what can be done about it.
 *
 * @param sentence the reason, complete without the remedies
 * @param remedies alternatives, the best one first; often none, where the sentence says it all
 */
public record Reason(String sentence, List<Remedy> remedies) {
  /** Keeps a copy of the list. */
  public Reason {
    remedies = List.copyOf(remedies);
  }

  /** A reason with the remedies that follow it. */
  public static Reason of(String sentence, Remedy... remedies) {
    return new Reason(sentence, List.of(remedies));
  }

  /** The same reason with text in front of its sentence. */
  public Reason after(String text) {
    return new Reason(text + sentence, remedies);
  }
}
