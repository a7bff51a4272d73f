// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.Qemu;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.host.ScratchDirectory;
import java.nio.file.Path;
import java.util.List;

/**
 * Environment of all suites.
 *
 * @param settings settings of the benchmark
 * @param data directory for measured files
 * @param work directory for small files
 * @param qemus the QEMUs, oldest first
 * @param tools tool that measures the disk
 * @param listener listener for progress
 * @param cancellation ends the benchmark
 */
record Venue(
    BenchSettings settings,
    ScratchDirectory data,
    ScratchDirectory work,
    List<Qemu> qemus,
    DiskTool tools,
    BenchListener listener,
    Cancellation cancellation) {

  /** Path of a measured file. */
  Path file(String name) {
    return data.resolve(name);
  }

  /** The contest of a suite. */
  Contest contest(Suite suite) {
    return new Contest(suite.text(), listener, cancellation);
  }

  /** Runner for commands of this program. */
  FixedRamProgram fixedram() {
    return new FixedRamProgram(data.path(), cancellation);
  }
}
