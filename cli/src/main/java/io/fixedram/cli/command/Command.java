// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.command;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Console;

/** A command with its parsed arguments. */
public interface Command {
  /**
   * Runs the command. Failures are thrown, and reported by the caller.
   *
   * @param cancellation cancelled by Ctrl-C and other terminating signals
   * @return the exit status
   */
  int run(Console console, Cancellation cancellation);
}
