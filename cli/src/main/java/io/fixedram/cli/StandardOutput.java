// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.console.Console;

/** Checks for commands that write a stream to standard output. */
final class StandardOutput {
  /** Name in messages. */
  static final String NAME = "standard output";

  private StandardOutput() {}

  /** Refuses JSON output, which would mix with the stream. */
  static void reserve(Arguments arguments, String by) {
    if (arguments.output().json()) {
      throw new UsageException(
          "--output json cannot be used with "
              + by
              + ", which writes the stream to standard output");
    }
  }

  /** Refuses to write a stream to a terminal. */
  static void refuseTerminal(Console console) {
    if (console.terminal().outIsTerminal()) {
      throw new UsageException(
          "standard output is a terminal: send the stream into a pipe or a file");
    }
  }
}
