// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import io.fixedram.cli.console.OutputOptions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The parsed arguments of a command, checked against its {@link CommandSpec}. */
public final class Arguments {
  /** Limited to ten digits, so that every match fits a Duration. */
  private static final Pattern TIME = Pattern.compile("([0-9]{1,10}(?:\\.[0-9]{1,9})?)(ms|s)");

  private static final String SIZE_UNITS = "KMGT";

  /** The numbers of digits are limited so that every match fits a long. */
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,6})([KMGTkmgt])|([0-9]{1,18})");

  private final Map<String, List<String>> values;
  private final List<String> operands;
  private final List<String> qemuCommand;

  /**
   * Creates the arguments.
   *
   * @param values the given options by long name, each with its values: none for a switch, one for
   *     an option that is not repeatable
   * @param operands the operands, as many as the command has
   * @param qemuCommand the words after {@code --}; empty if there are none
   */
  Arguments(Map<String, List<String>> values, List<String> operands, List<String> qemuCommand) {
    this.values = Map.copyOf(values);
    this.operands = List.copyOf(operands);
    this.qemuCommand = List.copyOf(qemuCommand);
  }

  /** Whether an option was given. */
  public boolean has(OptionSpec option) {
    return values.containsKey(option.longName());
  }

  /** The value of an option; empty if it was not given. */
  public Optional<String> value(OptionSpec option) {
    return values(option).stream().findFirst();
  }

  /** All values of a repeatable option, in order. */
  public List<String> values(OptionSpec option) {
    return values.getOrDefault(option.longName(), List.of());
  }

  /**
   * The value of a required option.
   *
   * @throws UsageException if it was not given
   */
  public String required(OptionSpec option) {
    return value(option)
        .orElseThrow(() ->
            new UsageException(
                "--" + option.longName() + " " + option.valueName().orElse("") + " is missing"));
  }

  /** The value of an option with choices; its default if it was not given. */
  public String choice(OptionSpec option) {
    return value(option).or(option::defaultValue).orElseGet(() -> required(option));
  }

  /**
   * The numeric value of an option.
   *
   * @param min the smallest valid value
   * @param otherwise the result if the option was not given
   * @throws UsageException if the value is not a whole number, or smaller or larger than an int
   */
  public int number(OptionSpec option, int min, int otherwise) {
    Optional<String> value = value(option);
    if (value.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value.get());
      if (number >= min) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below, like a number that is too small.
    }
    throw new UsageException(
        "--"
            + option.longName()
            + " takes a whole number from "
            + min
            + ", not '"
            + value.get()
            + "'");
  }

  /**
   * The time given for an option.
   *
   * @throws UsageException if the value is not a time, or is zero
   */
  public Optional<Duration> time(OptionSpec option) {
    return value(option)
        .map(text ->
            parse(text)
                .orElseThrow(() ->
                    new UsageException(
                        "--"
                            + option.longName()
                            + " takes a time such as 300ms or 1.5s, not '"
                            + text
                            + "'")));
  }

  /**
   * The number of bytes given for an option: a whole number, optionally followed by K, M, G or T
   * for powers of 1024.
   *
   * @throws UsageException if the value is not of this form
   */
  public OptionalLong bytes(OptionSpec option) {
    Optional<String> value = value(option);
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    Matcher size = SIZE.matcher(value.get());
    if (!size.matches()) {
      throw new UsageException(
          "--"
              + option.longName()
              + " takes a whole number of bytes, or one with K, M, G or T behind it, not '"
              + value.get()
              + "'");
    }
    if (size.group(2) == null) {
      return OptionalLong.of(Long.parseLong(value.get()));
    }
    int power = SIZE_UNITS.indexOf(size.group(2).toUpperCase(Locale.ROOT)) + 1;
    return OptionalLong.of(Long.parseLong(size.group(1)) << (10 * power));
  }

  private static Optional<Duration> parse(String text) {
    Matcher time = TIME.matcher(text);
    if (!time.matches()) {
      return Optional.empty();
    }
    double unitMillis = time.group(2).equals("s") ? 1000 : 1;
    long millis = Math.round(Double.parseDouble(time.group(1)) * unitMillis);
    return Optional.of(Duration.ofMillis(millis)).filter(found -> !found.isZero());
  }

  /** Refuses two options that are mutually exclusive. */
  public void refuseTogether(OptionSpec one, OptionSpec other) {
    if (has(one) && has(other)) {
      throw new UsageException(
          "--" + one.longName() + " and --" + other.longName() + " cannot be used together");
    }
  }

  /** The operand at an index, in the order of {@link CommandSpec#operands()}. */
  public String operand(int index) {
    return operands.get(index);
  }

  /** All operands. */
  public List<String> operands() {
    return operands;
  }

  /** The QEMU command after {@code --}, word by word; empty if there was none. */
  public List<String> qemuCommand() {
    return qemuCommand;
  }

  /** The options for output. */
  public OutputOptions output() {
    return CommonOptions.read(this);
  }
}
