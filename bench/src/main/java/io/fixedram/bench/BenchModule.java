// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.command.Command;
import io.fixedram.cli.command.CommandModule;

/** Provides {@code fixedram bench}. */
public final class BenchModule implements CommandModule {
  @Override
  public CommandSpec spec() {
    return BenchCommand.SPEC;
  }

  @Override
  public Command command(Arguments arguments) {
    return BenchCommand.of(arguments);
  }
}
