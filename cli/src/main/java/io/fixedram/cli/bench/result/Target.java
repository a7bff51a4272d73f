// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.bench.result;

import java.util.Optional;

/**
 * Something that is to be true of the figures of one run.
 *
 * @param name what
 * @param measured what was measured for it, and how that is shown; empty if it could not be
 */
public record Target(String name, Optional<Measured> measured) {

  /**
   * What was measured.
   *
   * @param value a ratio, or the amount itself
   * @param text the same for a person, with what it was made from
   * @param met whether it is as it should be
   */
  public record Measured(double value, String text, boolean met) {}

  /** One that this run says nothing of. */
  static Target notMeasured(String name) {
    return new Target(name, Optional.empty());
  }
}
