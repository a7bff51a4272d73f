// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;

/** A command that a module of its own provides as a service. */
public interface CommandModule {
  /** What it takes. */
  CommandSpec spec();

  /**
   * The command as it was asked for.
   *
   * @throws io.fixedram.cli.args.UsageException if the arguments contradict each other
   */
  Command command(Arguments arguments);
}
