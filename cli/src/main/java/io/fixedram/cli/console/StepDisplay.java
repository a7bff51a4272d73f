// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

/**
 * Displays the current step of a long command: one line that is replaced on a terminal, a log of
 * lines elsewhere.
 */
public final class StepDisplay implements AutoCloseable {
  private final Console console;

  /** Creates a display, which shows nothing before the first step. */
  public StepDisplay(Console console) {
    this.console = console;
  }

  /** Displays a step, instead of the previous one. */
  public void show(String what) {
    if (!console.wantsProgress()) {
      return;
    }
    String step = Printable.line(what);
    Terminal terminal = console.terminal();
    if (terminal.errIsTerminal()) {
      console.showProgress(step.substring(0, Math.min(step.length(), terminal.columns() - 1)));
    } else {
      console.logProgress(step);
    }
  }

  /** Removes the line. */
  @Override
  public void close() {
    console.clearProgress();
  }
}
