// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.CommonOptions;
import io.fixedram.cli.args.OptionSpec;
import java.util.List;
import java.util.Locale;

/** The manual page in the macros of man(7), made from what the parser and the help are made of. */
final class ManPage {
  private static final List<String> KNOWN_VALUES = List.of("FILE", "SOURCE", "TARGET", "ADDR");

  private final StringBuilder out = new StringBuilder();

  private ManPage() {}

  /** The text of the page. */
  static String text() {
    List<CommandSpec> specs = Commands.listed();
    ManPage page = new ManPage();
    page.write(specs);
    return page.out.toString();
  }

  private void write(List<CommandSpec> specs) {
    line(".\\\" SPDX-License-Identifier: Apache-2.0");
    line(".TH FIXEDRAM 1 \"\" fixedram \"User Commands\"");
    line(".SH NAME");
    line("fixedram \\- a virtual machine\\(aqs memory in a file with a place for every page");
    line(".SH SYNOPSIS");
    for (CommandSpec spec : specs) {
      for (String synopsis : spec.synopses()) {
        line(".PP");
        line("\\fBfixedram " + spec.name() + "\\fR " + values(escape(synopsis)));
      }
    }
    line(".SH DESCRIPTION");
    line("A save made by");
    line(".B fixedram");
    line("gives every page of a guest\\(aqs RAM one place in a file, however often the guest");
    line("writes to that page while it is saved.");
    line("Such a file can be mapped, is no larger than the guest\\(aqs RAM, and takes disk space");
    line("for the pages only that are not zero.");
    line("Each command is described below; those options that all of them take come last.");
    for (CommandSpec spec : specs) {
      command(spec);
    }
    line(".SH OPTIONS OF EVERY COMMAND");
    CommonOptions.ALL.forEach(this::option);
    line(".SH EXIT STATUS");
    CommandSpec.COMMON_EXIT_STATUSES.forEach(this::status);
    line(".SH SEE ALSO");
    line(".BR qemu (1)");
  }

  private void command(CommandSpec spec) {
    line(".SH FIXEDRAM " + spec.name().toUpperCase(Locale.ROOT));
    line(
        escape(Character.toUpperCase(spec.summary().charAt(0)) + spec.summary().substring(1))
            + ".");
    for (String paragraph : spec.paragraphs()) {
      line(".PP");
      line(escape(paragraph));
    }
    spec.ownOptions().forEach(this::option);
    if (!spec.exitStatuses().equals(CommandSpec.COMMON_EXIT_STATUSES)) {
      line(".PP");
      line("Its exit statuses:");
      spec.exitStatuses().forEach(this::status);
    }
    for (CommandSpec.Example example : spec.examples()) {
      line(".PP");
      line(escape(example.caption()));
      line(".PP");
      line(".in +4n");
      line(".nf");
      example.lines().forEach(code -> line(escape(code)));
      line(".fi");
      line(".in");
    }
  }

  private void option(OptionSpec option) {
    line(".TP");
    String letter = option.shortName().map(name -> "\\fB\\-" + name + "\\fR, ").orElse("");
    String value =
        option
            .valueName()
            .map(name -> option.choices().isEmpty() ? " \\fI" + name + "\\fR" : " " + name)
            .orElse("");
    line(letter + "\\fB" + escape("--" + option.longName()) + "\\fR" + escape(value, false));
    String otherwise = option.defaultValue().map(text -> " (default: " + text + ")").orElse("");
    line(escape(option.text() + otherwise));
  }

  private void status(CommandSpec.StatusMeaning status) {
    line(".TP");
    line("\\fB" + status.status() + "\\fR");
    line(escape(status.meaning()));
  }

  private static String values(String escaped) {
    String text = escaped;
    for (String value : KNOWN_VALUES) {
      text = text.replace(value, "\\fI" + value + "\\fR");
    }
    return text;
  }

  private static String escape(String text) {
    return escape(text, true);
  }

  /** Keeps dashes and quotes from being made typographic, and a line from being a request. */
  private static String escape(String text, boolean backslashes) {
    String escaped = backslashes ? text.replace("\\", "\\e") : text;
    escaped = escaped.replace("-", "\\-").replace("'", "\\(aq");
    return escaped.startsWith(".") ? "\\&" + escaped : escaped;
  }

  private void line(String line) {
    out.append(line).append('\n');
  }
}
