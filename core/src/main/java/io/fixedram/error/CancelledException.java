// SPDX-License-Identifier: Apache-2.0
package io.fixedram.error;

/** The user asked for an end before the work was done. */
public final class CancelledException extends FixedRamException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception. */
  public CancelledException() {
    super("interrupted");
  }
}
