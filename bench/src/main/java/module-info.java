// SPDX-License-Identifier: Apache-2.0
/**
 * The command {@code fixedram bench}, which compares fixedram with QEMU's own migration and the
 * disk's limit.
 */
module io.fixedram.bench {
  requires io.fixedram.cli;
  requires io.fixedram.qemu;
  requires tools.jackson.core;

  provides io.fixedram.cli.command.CommandModule with
      io.fixedram.bench.BenchModule;
}
