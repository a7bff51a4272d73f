// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

/**
 * Options for the output of a command.
 *
 * @param json whether to print one JSON object on standard output instead of text
 * @param progress when to show progress
 * @param quiet whether to print only failures, and JSON if requested
 * @param verbose whether to print details, and stack traces of internal errors
 */
public record OutputOptions(boolean json, Progress progress, boolean quiet, boolean verbose) {

  /** When to show progress. */
  public enum Progress {
    ALWAYS,
    ON_A_TERMINAL,
    NEVER
  }
}
