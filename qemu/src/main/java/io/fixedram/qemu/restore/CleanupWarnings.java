// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

/**
 * What is left to do once a guest needs nothing more of its restore. Whatever fails is a warning:
 * it neither ends the guest nor hides that it is restored.
 *
 * @param listener receives the warnings; does not throw
 */
record CleanupWarnings(RestoreListener listener) {

  /** Does one step. */
  void attempt(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      failed(e);
    }
  }

  /** Reports a step that has failed. */
  void failed(Throwable reason) {
    listener.warning("cleanup after the restore failed: " + reason);
  }
}
