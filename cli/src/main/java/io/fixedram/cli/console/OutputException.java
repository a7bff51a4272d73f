// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.error.FixedRamException;
import java.io.IOException;
import java.io.InterruptedIOException;

/** The result of a command could not be written to standard output. */
public final class OutputException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  private final boolean interrupted;

  OutputException(IOException cause) {
    super("the result cannot be written to standard output: " + cause.getMessage(), cause);
    this.interrupted = cause instanceof InterruptedIOException;
  }

  /** Whether the write was given up after a cancellation. */
  public boolean interrupted() {
    return interrupted;
  }
}
