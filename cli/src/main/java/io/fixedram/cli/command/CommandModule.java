// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.command;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;

/** A command that another module provides as a service. */
public interface CommandModule {
  /** The options and operands of the command. */
  CommandSpec spec();

  /**
   * The command with its arguments.
   *
   * @throws io.fixedram.cli.args.UsageException if the arguments are inconsistent
   */
  Command command(Arguments arguments);
}
