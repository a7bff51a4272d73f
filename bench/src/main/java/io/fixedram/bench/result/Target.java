// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.Optional;

/**
 * Something that is to be true of the figures of one run.
 *
 * @param name what
 * @param measured what was measured for it, and how that is shown; empty if it could not be
 * @param failure what of this project's failed, a sentence: the target is missed then
 */
public record Target(String name, Optional<Measured> measured, Optional<String> failure) {

  /**
   * What was measured.
   *
   * @param value a ratio, or the amount itself
   * @param ofWanted how many times as good as wanted that is; less than 1 is a miss
   * @param text the value for a person, with what it was made from
   * @param met whether it is as it should be
   */
  public record Measured(double value, double ofWanted, String text, boolean met) {}

  /** One with a value. */
  static Target measured(String name, Measured measured) {
    return new Target(name, Optional.of(measured), Optional.empty());
  }

  /** One that this project failed. */
  static Target failed(String name, String sentence) {
    return new Target(name, Optional.empty(), Optional.of(sentence));
  }

  /** One that this run says nothing of. */
  static Target notMeasured(String name) {
    return new Target(name, Optional.empty(), Optional.empty());
  }
}
