// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/** The work was cancelled by the user before it was complete. */
public final class CancelledException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception. */
  public CancelledException() {
    super("interrupted");
  }
}
