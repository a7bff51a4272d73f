// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

/** Steps that take back what a failed migration did: each is tried, whatever became of others. */
final class Undo {
  private Undo() {}

  /**
   * Tries one step. What it calls may be another's code, which can throw anything.
   *
   * @param cause why it is taken back; gets what goes wrong here as suppressed
   */
  @SuppressWarnings("CatchThrowable")
  static void attempt(Throwable cause, Runnable step) {
    try {
      step.run();
    } catch (Throwable e) {
      if (!e.equals(cause)) {
        cause.addSuppressed(e);
      }
    }
  }
}
