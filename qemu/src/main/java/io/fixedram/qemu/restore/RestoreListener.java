// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import java.util.List;
import java.util.function.Consumer;

/**
 * Listener for the progress of a restore. Methods are called by the restore's threads, must return
 * soon, and must not wait for the restore. Exceptions are logged and otherwise ignored.
 */
public interface RestoreListener extends TransferListener {
  /** A listener that does nothing. */
  RestoreListener NONE = new RestoreListener() {};

  /** The restore has entered a state. Not called for the first state, PREPARED. */
  default void stateChanged(RestoreState state) {}

  /**
   * The restore mode was chosen. QEMU waits for the guest at this time.
   *
   * @param mode the mode, never AUTO
   * @param obstacles reasons against the modes that AUTO prefers, the most preferred first; empty
   *     if the mode was requested
   */
  default void choseMode(RestoreMode mode, List<Obstacle> obstacles) {}

  /** A listener that calls a listener of transfers. */
  static RestoreListener of(TransferListener listener) {
    return of(listener, _ -> {});
  }

  /** A listener that calls a listener of transfers, and a consumer with the chosen mode. */
  static RestoreListener of(TransferListener listener, Consumer<RestoreMode> chosen) {
    return new RestoreListener() {
      @Override
      public void choseMode(RestoreMode mode, List<Obstacle> obstacles) {
        chosen.accept(mode);
      }

      @Override
      public void started(TransferView view) {
        listener.started(view);
      }

      @Override
      public void note(Reason reason) {
        listener.note(reason);
      }

      @Override
      public void warning(Reason reason) {
        listener.warning(reason);
      }
    };
  }
}
