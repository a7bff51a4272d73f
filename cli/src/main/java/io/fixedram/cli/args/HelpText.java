// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.List;

/** Help texts, formatted for a terminal of 80 columns. */
public final class HelpText {
  private static final int COLUMNS = 79;
  private static final int MARGIN = 2;
  private static final int OPTION_TEXT_AT = 26;
  private static final int STATUS_TEXT_AT = 9;

  private HelpText() {}

  /** The help of one command. */
  public static String of(CommandSpec command) {
    StringBuilder out = new StringBuilder();
    String title = "fixedram " + command.name();
    out.append(title).append(" - ").append(command.summary()).append("\n\n");

    String lead = "Usage: ";
    for (String synopsis : command.synopses()) {
      String call = lead + title + " ";
      List<String> lines = TextWrap.lines(synopsis, COLUMNS - call.length());
      out.append(call).append(lines.getFirst()).append('\n');
      for (String line : lines.subList(1, lines.size())) {
        spaces(out, call.length()).append(line).append('\n');
      }
      lead = "  or:  ";
    }
    for (String paragraph : command.paragraphs()) {
      out.append('\n');
      for (String line : TextWrap.lines(paragraph, COLUMNS)) {
        out.append(line).append('\n');
      }
    }
    if (!command.ownOptions().isEmpty()) {
      out.append("\nOptions:\n");
      options(out, command.ownOptions());
    }
    out.append("\nOptions of every command:\n");
    options(out, CommonOptions.ALL);
    out.append("\nExit status:\n");
    for (CommandSpec.StatusMeaning status : command.exitStatuses()) {
      spaces(out, MARGIN).append(status.status());
      spaces(out, STATUS_TEXT_AT - MARGIN - status.status().length());
      hanging(out, status.meaning(), STATUS_TEXT_AT);
    }
    out.append(command.examples().size() == 1 ? "\nExample:\n" : "\nExamples:\n");
    boolean first = true;
    for (CommandSpec.Example example : command.examples()) {
      out.append(first ? "" : "\n");
      first = false;
      for (String line : TextWrap.lines(example.caption(), COLUMNS - MARGIN)) {
        spaces(out, MARGIN).append(line).append('\n');
      }
      for (String line : example.lines()) {
        spaces(out, 2 * MARGIN).append(line).append('\n');
      }
    }
    return out.toString();
  }

  /** The help of the program, with its commands. */
  public static String overview(List<CommandSpec> commands) {
    StringBuilder out = new StringBuilder();
    out.append(
        """
        fixedram - a virtual machine's memory in a file with a place for every page

        Usage: fixedram COMMAND [OPTION]... [OPERAND]...

        Commands:
        """);
    for (CommandSpec command : commands) {
      spaces(out, MARGIN).append(command.name());
      spaces(out, 11 - MARGIN - command.name().length());
      hanging(out, command.summary(), 11);
    }
    out.append(
        """

        'fixedram COMMAND --help' explains a command, with an example.
        'fixedram demo' saves and restores a guest, and needs nothing else.
        'fixedram --version' prints the version.
        """);
    return out.toString();
  }

  private static void options(StringBuilder out, List<OptionSpec> options) {
    for (OptionSpec option : options) {
      StringBuilder names = new StringBuilder();
      spaces(names, MARGIN);
      if (option.shortName().isPresent()) {
        names.append('-').append(option.shortName().get()).append(", ");
      } else {
        spaces(names, 4);
      }
      names.append("--").append(option.longName());
      if (option.valueName().isPresent()) {
        names.append(' ').append(option.valueName().get());
      }
      out.append(names);
      if (names.length() + MARGIN > OPTION_TEXT_AT) {
        out.append('\n');
        spaces(out, OPTION_TEXT_AT);
      } else {
        spaces(out, OPTION_TEXT_AT - names.length());
      }
      String otherwise =
          option.defaultValue().isPresent()
              ? " (default: " + option.defaultValue().get() + ")"
              : "";
      hanging(out, option.text() + otherwise, OPTION_TEXT_AT);
    }
  }

  /**
   * Appends a text as a paragraph with a hanging indent; the first line begins at the current
   * position.
   */
  private static void hanging(StringBuilder out, String text, int column) {
    List<String> lines = TextWrap.lines(text, COLUMNS - column);
    out.append(lines.getFirst()).append('\n');
    for (String line : lines.subList(1, lines.size())) {
      spaces(out, column).append(line).append('\n');
    }
  }

  private static StringBuilder spaces(StringBuilder out, int count) {
    return out.repeat(' ', Math.max(0, count));
  }
}
