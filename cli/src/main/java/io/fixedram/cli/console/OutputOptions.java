// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

/**
 * How the user wants to be told.
 *
 * @param json one JSON object on standard output instead of text for a person
 * @param progress when to show progress
 * @param quiet nothing but failures, and JSON if asked for
 * @param verbose also what is being done and why, and the trace of an internal error
 */
public record OutputOptions(boolean json, Progress progress, boolean quiet, boolean verbose) {

  /** When to show progress. */
  public enum Progress {
    ALWAYS,
    ON_A_TERMINAL,
    NEVER
  }
}
