// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.CommandModule;
import java.util.List;
import java.util.ServiceLoader;

/** Loads {@code fixedram bench} from the module io.fixedram.bench, if that is installed. */
final class BenchSupport {
  /** Entry in the list of commands and in the manual, whether the module is installed or not. */
  static final CommandSpec LISTED =
      new CommandSpec(
          "bench",
          "compare with QEMU's own migration and the speed of this disk",
          List.of("[OPTION]..."),
          List.of(
              "A separate module, built on first use in the source tree. An installation needs"
                  + " fixedram-bench.jar in lib. Its --help lists the options."),
          List.of(),
          false,
          List.of(),
          CommandSpec.COMMON_EXIT_STATUSES,
          List.of());

  private BenchSupport() {}

  /**
   * Loads the module.
   *
   * @throws UsageException if it is not installed
   */
  static CommandModule load() {
    return ServiceLoader.load(CommandModule.class)
        .findFirst()
        .orElseThrow(() ->
            new UsageException(
                "its module is not installed: run './fixedram bench' in fixedram's source tree, or"
                    + " copy the fixedram-bench.jar which that builds to lib"));
  }
}
