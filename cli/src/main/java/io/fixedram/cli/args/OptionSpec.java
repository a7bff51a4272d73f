// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.List;
import java.util.Optional;

/**
 * Specification of an option, for the parser, the help and the manual page.
 *
 * @param shortName the letter after a single dash; empty if there is none
 * @param longName the name after two dashes
 * @param valueName placeholder of the value in the help; empty for a switch
 * @param choices the valid values; empty if any value is valid
 * @param defaultValue the default, if the help shows one
 * @param repeatable whether the option may be given more than once
 * @param text description without a full stop
 */
public record OptionSpec(
    Optional<String> shortName,
    String longName,
    Optional<String> valueName,
    List<String> choices,
    Optional<String> defaultValue,
    boolean repeatable,
    String text) {

  /** A switch with a long name only. */
  public static OptionSpec flag(String longName, String text) {
    return new OptionSpec(
        Optional.empty(), longName, Optional.empty(), List.of(), Optional.empty(), false, text);
  }

  /** A switch with a short and a long name. */
  public static OptionSpec flag(char shortName, String longName, String text) {
    return new OptionSpec(
        Optional.of(String.valueOf(shortName)),
        longName,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        false,
        text);
  }

  /** An option with any value. */
  public static OptionSpec value(String longName, String valueName, String text) {
    return new OptionSpec(
        Optional.empty(),
        longName,
        Optional.of(valueName),
        List.of(),
        Optional.empty(),
        false,
        text);
  }

  /** An option with any value, a short and a long name. */
  public static OptionSpec value(char shortName, String longName, String valueName, String text) {
    return new OptionSpec(
        Optional.of(String.valueOf(shortName)),
        longName,
        Optional.of(valueName),
        List.of(),
        Optional.empty(),
        false,
        text);
  }

  /** A repeatable option with any value. */
  public static OptionSpec values(String longName, String valueName, String text) {
    return new OptionSpec(
        Optional.empty(),
        longName,
        Optional.of(valueName),
        List.of(),
        Optional.empty(),
        true,
        text);
  }

  /** An option with any value and a default. */
  public static OptionSpec value(
      String longName, String valueName, String defaultValue, String text) {
    return new OptionSpec(
        Optional.empty(),
        longName,
        Optional.of(valueName),
        List.of(),
        Optional.of(defaultValue),
        false,
        text);
  }

  /** An option with one of several values; the first is the default. */
  public static OptionSpec choice(String longName, List<String> choices, String text) {
    return new OptionSpec(
        Optional.empty(),
        longName,
        Optional.of(String.join("|", choices)),
        choices,
        Optional.of(choices.getFirst()),
        false,
        text);
  }

  /** An option with one of several values and no default. */
  public static OptionSpec requiredChoice(String longName, List<String> choices, String text) {
    return new OptionSpec(
        Optional.empty(),
        longName,
        Optional.of(String.join("|", choices)),
        choices,
        Optional.empty(),
        false,
        text);
  }

  /** Whether the option has a value. */
  boolean takesValue() {
    return valueName.isPresent();
  }
}
