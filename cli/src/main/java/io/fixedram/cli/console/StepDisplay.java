// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

/** Shows which step a long command is at: one line that changes on a terminal, lines elsewhere. */
public final class StepDisplay implements AutoCloseable {
  private final Console console;

  /** Prepares to show steps; nothing is shown before there is one. */
  public StepDisplay(Console console) {
    this.console = console;
  }

  /** Shows a step, instead of the one before. */
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

  /** Takes the line away. */
  @Override
  public void close() {
    console.clearProgress();
  }
}
