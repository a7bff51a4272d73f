// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.command;

/** The exit statuses of the program; a foreground restore ends with QEMU's instead. */
public final class ExitStatus {
  /** Done. */
  public static final int DONE = 0;

  /** Failed; a sentence on standard error says why. */
  public static final int FAILED = 1;

  /** Wrong usage of the command line. */
  public static final int USAGE = 2;

  /** The file is damaged, incomplete, not a save, or not signed with the given key. */
  public static final int DAMAGED = 3;

  /** Interrupted, with the status that shells use: 128 + SIGINT. */
  public static final int INTERRUPTED = 130;

  private ExitStatus() {}
}
