// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

/** Parses the words after the name of a command; the only class that uses Apache Commons CLI. */
public final class ArgumentParser {
  private static final String END_OF_OPTIONS = "--";

  private ArgumentParser() {}

  /**
   * Parses a command line. Options may be before, between and after the operands. Words after the
   * first {@code --} are not parsed: they are the QEMU command if the command accepts one, and
   * operands otherwise.
   *
   * @param words the words after the name of the command
   * @return the arguments; empty if the help was requested
   * @throws UsageException if the words are not valid for the command
   */
  public static Optional<Arguments> parse(CommandSpec command, List<String> words) {
    int end = words.indexOf(END_OF_OPTIONS);
    List<String> before = end < 0 ? words : words.subList(0, end);
    List<String> after = end < 0 ? List.of() : words.subList(end + 1, words.size());

    List<String> operands = new ArrayList<>();
    Map<String, List<String>> values = values(command, before, operands);
    if (values.containsKey(CommonOptions.HELP.longName())) {
      return Optional.empty();
    }
    if (command.qemuCommand()) {
      if (end >= 0 && after.isEmpty()) {
        throw new UsageException("the QEMU command after -- is missing");
      }
      checkOperands(command, operands);
      return Optional.of(new Arguments(values, operands, after));
    }
    operands.addAll(after);
    checkOperands(command, operands);
    return Optional.of(new Arguments(values, operands, List.of()));
  }

  private static Map<String, List<String>> values(
      CommandSpec command, List<String> words, List<String> operands) {
    List<OptionSpec> specs = command.allOptions();
    Options options = new Options();
    for (OptionSpec spec : specs) {
      options.addOption(
          new Option(
              spec.shortName().isPresent() ? spec.shortName().get() : null,
              spec.longName(),
              spec.takesValue(),
              ""));
    }
    Map<String, List<String>> values = new HashMap<>();
    try {
      // No abbreviations, whose meaning would change when an option is added.
      var line =
          DefaultParser.builder()
              .setAllowPartialMatching(false)
              .setStripLeadingAndTrailingQuotes(false)
              .get()
              .parse(options, words.toArray(String[]::new));
      for (OptionSpec spec : specs) {
        String[] given = line.getOptionValues(spec.longName());
        if (given != null && given.length > 0) {
          values.put(spec.longName(), checked(spec, List.of(given)));
        } else if (line.hasOption(spec.longName())) {
          values.put(spec.longName(), List.of());
        }
      }
      operands.addAll(line.getArgList());
      return values;
    } catch (UnrecognizedOptionException e) {
      throw unknownOption(e.getOption(), specs);
    } catch (MissingArgumentException e) {
      Option option = e.getOption();
      throw new UsageException(
          "--" + option.getLongOpt() + " needs a value: " + valueName(option.getLongOpt(), specs));
    } catch (ParseException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static List<String> checked(OptionSpec spec, List<String> given) {
    if (given.size() > 1 && !spec.repeatable()) {
      throw new UsageException(
          "--" + spec.longName() + " was given twice: " + String.join(", ", given));
    }
    for (String value : given) {
      if (value.isEmpty()) {
        throw new UsageException("the value of --" + spec.longName() + " is empty");
      }
      if (!spec.choices().isEmpty() && !spec.choices().contains(value)) {
        throw new UsageException(
            "--" + spec.longName() + " takes " + either(spec.choices()) + ", not '" + value + "'");
      }
    }
    return given;
  }

  private static void checkOperands(CommandSpec command, List<String> operands) {
    List<String> names = command.operands();
    if (operands.size() < names.size()
        && !names.get(operands.size()).startsWith(CommandSpec.OPTIONAL)) {
      throw new UsageException(plain(names.get(operands.size())) + " is missing");
    }
    boolean repeated = !names.isEmpty() && names.getLast().endsWith(CommandSpec.REPEATED);
    if (operands.size() > names.size() && !repeated) {
      String extra = operands.get(names.size());
      String takes =
          names.isEmpty()
              ? "no operand"
              : "only "
                  + names.stream().map(ArgumentParser::plain).collect(Collectors.joining(" and "));
      throw new UsageException("'" + extra + "' is unexpected: the command takes " + takes);
    }
    for (int i = 0; i < operands.size(); i++) {
      if (operands.get(i).isEmpty()) {
        throw new UsageException(plain(names.get(Math.min(i, names.size() - 1))) + " is empty");
      }
    }
  }

  private static String plain(String name) {
    if (name.startsWith(CommandSpec.OPTIONAL)) {
      return name.substring(1, name.length() - 1);
    }
    return name.endsWith(CommandSpec.REPEATED)
        ? name.substring(0, name.length() - CommandSpec.REPEATED.length())
        : name;
  }

  private static UsageException unknownOption(String typed, List<OptionSpec> specs) {
    int equals = typed.indexOf('=');
    String name = equals < 0 ? typed : typed.substring(0, equals);
    List<String> known = new ArrayList<>();
    for (OptionSpec spec : specs) {
      known.add("--" + spec.longName());
    }
    Optional<String> nearest = NearestName.of(name, known);
    return new UsageException(
        nearest.isPresent()
            ? "there is no option " + name + "; did you mean " + nearest.get() + "?"
            : "there is no option " + name);
  }

  private static String valueName(String longName, List<OptionSpec> specs) {
    for (OptionSpec spec : specs) {
      if (spec.longName().equals(longName)) {
        return spec.choices().isEmpty() ? spec.valueName().orElse("") : either(spec.choices());
      }
    }
    return "";
  }

  /** Alternatives in a sentence: "a", "a or b", "a, b or c". */
  private static String either(List<String> words) {
    if (words.size() == 1) {
      return words.getFirst();
    }
    return String.join(", ", words.subList(0, words.size() - 1)) + " or " + words.getLast();
  }
}
