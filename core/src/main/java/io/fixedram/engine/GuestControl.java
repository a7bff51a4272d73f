// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;

/**
 * Control of a guest by a migration, implemented by the program that runs the guest. All methods
 * are called by the migration's thread, which is interrupted when the migration is cancelled.
 */
public interface GuestControl {

  /**
   * Stops the guest. Returns when every write is done and marked, and no write follows before
   * {@link #resume}. May be called again after a failure; does nothing if the guest is stopped.
   */
  void stop();

  /** The device state: everything except memory. Called while the guest is stopped. */
  DeviceState deviceState();

  /**
   * Called when the guest is saved completely and its memory is no longer read. An implementation
   * may resume the guest here; otherwise it stays stopped. The migration may still fail or be
   * cancelled while the file is synced, and then calls {@link #resume}.
   */
  default void saved() {}

  /**
   * Resumes the guest after the migration has failed or was cancelled and {@link #stop} was called.
   * Does nothing if the guest runs.
   */
  void resume();
}
