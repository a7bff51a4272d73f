// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.List;
import java.util.Optional;

/**
 * One option of a command: what the parser accepts, the help says and the manual page prints.
 *
 * @param shortName the letter after a single dash, if it has one
 * @param longName the name after two dashes
 * @param valueName what stands for the value in the help; empty for a switch
 * @param choices the only values it takes; empty if any will do
 * @param defaultValue what holds when it is not given, where a person would ask
 * @param repeatable whether it may be given more than once
 * @param text what it does, without a full stop
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

  /** A switch that also has a letter. */
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

  /** An option that takes any value. */
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

  /** An option that takes any value and may be given many times. */
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

  /** An option that takes any value and has a default. */
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

  /** An option that takes one of a few words, the first of which is the default. */
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

  /** An option that takes one of a few words and has no default. */
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

  /** Whether it is followed by a value. */
  public boolean takesValue() {
    return valueName.isPresent();
  }
}
