// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

/** Runs the cleanup steps of a failed migration: a failing step does not prevent later ones. */
final class Undo {
  private Undo() {}

  /**
   * Runs one step, which may call the guest's code and throw anything.
   *
   * @param cause failure of the migration, to which failures of the step are added as suppressed
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
