// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.Optional;

/**
 * A target of the project, with its result in one benchmark.
 *
 * @param name description of the target
 * @param measured the measured value; empty if it was not measured
 * @param failure a failure of this project, as a sentence: the target is missed then
 */
public record Target(String name, Optional<Measured> measured, Optional<String> failure) {

  /**
   * A measured value.
   *
   * @param value a ratio or an amount
   * @param ofWanted ratio of the result to the target; less than 1 is a miss
   * @param text the value for users, with the figures it was derived from
   * @param verdict whether the target is met
   */
  public record Measured(double value, double ofWanted, String text, Verdict verdict) {}

  /** Whether a target is met. */
  public enum Verdict {
    /** It is met by the median and both quartiles of the rounds. */
    MET,
    /** It is missed by all of them. */
    MISSED,
    /** The quartiles are on both sides of the target: more rounds are needed. */
    UNDECIDED;

    /** The verdict on a value that must not be below a limit. */
    static Verdict atLeast(double limit, double lower, double upper) {
      if (lower >= limit) {
        return MET;
      }
      return upper < limit ? MISSED : UNDECIDED;
    }
  }

  /** A target with a value. */
  static Target measured(String name, Measured measured) {
    return new Target(name, Optional.of(measured), Optional.empty());
  }

  /** A target that is missed because of a failure. */
  static Target failed(String name, String sentence) {
    return new Target(name, Optional.empty(), Optional.of(sentence));
  }

  /** A target that was not measured. */
  static Target notMeasured(String name) {
    return new Target(name, Optional.empty(), Optional.empty());
  }
}
