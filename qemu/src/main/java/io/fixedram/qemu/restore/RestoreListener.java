// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import java.util.List;
import java.util.function.Consumer;

/**
 * Is told how a restore goes on. Calls come from the restore's threads and must return soon; they
 * must not wait for the restore themselves. What a method other than {@link #started} throws
 * changes nothing.
 */
public interface RestoreListener extends TransferListener {
  /** A listener that hears nothing. */
  RestoreListener NONE = new RestoreListener() {};

  /** The restore has come so far. The first state, PREPARED, is not told. */
  default void stateChanged(RestoreState state) {}

  /**
   * QEMU waits for the guest, and this is how the guest will get into it.
   *
   * @param mode never AUTO
   * @param obstacles why AUTO did not take a mode that it prefers, the most preferred first; none
   *     if the mode was asked for
   */
  default void choseMode(RestoreMode mode, List<Obstacle> obstacles) {}

  /** Tells somebody who follows transfers of any kind. */
  static RestoreListener of(TransferListener listener) {
    return of(listener, _ -> {});
  }

  /** Tells somebody who follows transfers of any kind, and somebody the mode that was chosen. */
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
