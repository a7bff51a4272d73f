// SPDX-License-Identifier: Apache-2.0
/** The comparison with QEMU's own ways and the disk's limit: {@code fixedram bench}. */
module io.fixedram.bench {
  requires io.fixedram.cli;
  requires io.fixedram.qemu;
  requires tools.jackson.core;

  provides io.fixedram.cli.CommandModule with
      io.fixedram.bench.BenchModule;
}
