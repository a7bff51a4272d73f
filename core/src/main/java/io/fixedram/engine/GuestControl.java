// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.DeviceState;

/**
 * What a migration asks of the program that runs the guest. All methods are called by the
 * migration's thread, which may be interrupted while it is in them: the migration was cancelled
 * then.
 */
public interface GuestControl {

  /**
   * Stops the guest: returns when every write is done and marked, and none will come before {@link
   * #resume}. May be called again after a call that failed; a guest that stands still is left
   * alone.
   */
  void stop();

  /** The state of everything but memory. The guest is stopped. */
  DeviceState deviceState();

  /**
   * The save holds all of the guest; its memory is read no more. A guest that is to run on can be
   * started here; else it stays stopped. The migration may still fail or be cancelled while the
   * file is brought onto its device, and then calls {@link #resume}.
   */
  default void saved() {}

  /**
   * Lets the guest run again, because the migration failed or was cancelled after {@link #stop} was
   * called. A guest that runs is left alone.
   */
  void resume();
}
