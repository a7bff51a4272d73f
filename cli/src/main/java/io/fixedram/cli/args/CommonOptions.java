// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import io.fixedram.cli.console.OutputOptions;
import io.fixedram.cli.console.OutputOptions.Progress;
import java.util.List;

/** The options of every command. */
public final class CommonOptions {
  private static final OptionSpec OUTPUT =
      OptionSpec.choice(
          "output",
          List.of("human", "json"),
          "how to print the result: for a person, or as one JSON object on standard output with"
              + " nothing else there");
  private static final OptionSpec PROGRESS =
      OptionSpec.flag(
          'p', "progress", "show progress on standard error; the default if that is a terminal");
  private static final OptionSpec NO_PROGRESS = OptionSpec.flag("no-progress", "show no progress");
  private static final OptionSpec QUIET =
      OptionSpec.flag('q', "quiet", "print neither progress nor a summary, only failures");
  private static final OptionSpec VERBOSE =
      OptionSpec.flag('v', "verbose", "print on standard error what is being done, and why");

  /** Prints the help of a command; all other arguments are ignored then. */
  public static final OptionSpec HELP = OptionSpec.flag('h', "help", "print this help");

  /** All common options, in the order of the help. */
  public static final List<OptionSpec> ALL =
      List.of(OUTPUT, PROGRESS, NO_PROGRESS, QUIET, VERBOSE, HELP);

  private CommonOptions() {}

  /** The options for output. */
  static OutputOptions read(Arguments arguments) {
    arguments.refuseTogether(PROGRESS, NO_PROGRESS);
    arguments.refuseTogether(QUIET, VERBOSE);
    arguments.refuseTogether(QUIET, PROGRESS);
    boolean quiet = arguments.has(QUIET);
    Progress progress = Progress.ON_A_TERMINAL;
    if (arguments.has(PROGRESS)) {
      progress = Progress.ALWAYS;
    } else if (quiet || arguments.has(NO_PROGRESS)) {
      progress = Progress.NEVER;
    }
    return new OutputOptions(
        arguments.choice(OUTPUT).equals("json"), progress, quiet, arguments.has(VERBOSE));
  }
}
