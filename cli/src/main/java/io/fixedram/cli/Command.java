// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Console;

/** One command with everything that was asked for. */
public interface Command {
  /**
   * Does it. Failures are thrown: {@link Main} tells of them.
   *
   * @param cancellation asked for by Ctrl-C, and by the signals that ask a program to end
   * @return the exit status
   */
  int run(Console console, Cancellation cancellation);
}
