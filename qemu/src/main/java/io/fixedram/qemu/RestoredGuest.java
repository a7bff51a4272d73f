// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import java.util.Optional;

/**
 * A guest that was restored. Its QEMU needs nothing from us any more; closing this lets go of it
 * and does not end it. Safe for use by several threads.
 */
public final class RestoredGuest implements AutoCloseable {
  private final RestoreReport report;
  private final Optional<QemuProcess> process;

  RestoredGuest(RestoreReport report, Optional<QemuProcess> process) {
    this.report = report;
    this.process = process;
  }

  /** How it went. */
  public RestoreReport report() {
    return report;
  }

  /**
   * Waits until a QEMU that was started here ends.
   *
   * @return its exit status, 128 + n if signal n killed it; 0 at once if none was started here
   */
  public int waitForExit() {
    return process.map(QemuProcess::waitForExit).orElse(0);
  }

  /**
   * Asks a QEMU that was started here to end (SIGTERM) and waits until it has: for a process that
   * was itself told to end. A QEMU on the same terminal has got Ctrl-C from there already; it takes
   * both for one.
   *
   * @return as {@link #waitForExit()}
   */
  public int forwardSignalAndWait() {
    process.ifPresent(QemuProcess::terminate);
    return waitForExit();
  }

  @Override
  public void close() {
    // Nothing of ours is open: what the restore needed went when it was done.
  }
}
