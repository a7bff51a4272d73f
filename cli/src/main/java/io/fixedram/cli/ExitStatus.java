// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

/** The exit statuses of the program; a foreground restore ends with QEMU's instead. */
public final class ExitStatus {
  /** Done. */
  public static final int DONE = 0;

  /** It failed, and a sentence said why. */
  public static final int FAILED = 1;

  /** The command line asks for what is not there. */
  public static final int USAGE = 2;

  /** The file is damaged, incomplete, or not a save. */
  public static final int DAMAGED = 3;

  /** Interrupted, as shells count it: 128 + SIGINT. */
  public static final int INTERRUPTED = 130;

  private ExitStatus() {}
}
