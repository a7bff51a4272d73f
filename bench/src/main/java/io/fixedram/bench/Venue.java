// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.Qemu;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.host.ScratchDirectory;
import java.nio.file.Path;
import java.util.List;

/**
 * What all suites work with.
 *
 * @param settings what is to be measured
 * @param data where the files go that are measured
 * @param work where small files go
 * @param qemus the QEMUs, oldest first
 * @param tools programs of others
 * @param listener is told how it goes on
 * @param cancellation ends it
 */
record Venue(
    BenchSettings settings,
    ScratchDirectory data,
    ScratchDirectory work,
    List<Qemu> qemus,
    DiskTool tools,
    BenchListener listener,
    Cancellation cancellation) {

  /** A file that is measured. */
  Path file(String name) {
    return data.resolve(name);
  }

  /** The loop for a suite. */
  Contest contest(Suite suite) {
    return new Contest(suite.text(), listener, cancellation);
  }

  /** This program as processes of their own. */
  FixedRamProgram fixedram() {
    return new FixedRamProgram(data.path(), cancellation);
  }
}
