// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.CommandSpec;
import io.fixedram.cli.args.UsageException;
import java.util.List;
import java.util.ServiceLoader;

/** Where {@code fixedram bench} comes from: the module io.fixedram.bench, if it is there. */
final class BenchSupport {
  /** What the list of commands and the manual say of it, whether it is there or not. */
  static final CommandSpec LISTED =
      new CommandSpec(
          "bench",
          "compare with QEMU's own ways and the disk's limit, here",
          List.of("[OPTION]..."),
          List.of(
              "A module of its own, built by its first use in the source tree. An installation has"
                  + " it once fixedram-bench.jar is in lib. Its --help tells the options."),
          List.of(),
          false,
          List.of(),
          CommandSpec.USUAL_EXIT_STATUSES,
          List.of());

  private BenchSupport() {}

  /**
   * Loads it.
   *
   * @throws UsageException if it is not there
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
