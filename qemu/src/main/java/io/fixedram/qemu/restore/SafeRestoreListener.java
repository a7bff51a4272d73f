// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.qemu.migration.SafeTransferListener;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import java.util.List;

/**
 * A listener that calls another one and logs its exceptions, so that a failing listener does not
 * end a restore.
 */
record SafeRestoreListener(RestoreListener listener) implements RestoreListener {

  private TransferListener safe() {
    return new SafeTransferListener(listener);
  }

  @Override
  public void started(TransferView view) {
    safe().started(view);
  }

  @Override
  public void note(Reason reason) {
    safe().note(reason);
  }

  @Override
  public void warning(Reason reason) {
    safe().warning(reason);
  }

  @Override
  public void choseMode(RestoreMode mode, List<Obstacle> obstacles) {
    SafeTransferListener.attempt(() -> listener.choseMode(mode, obstacles));
  }

  @Override
  public void stateChanged(RestoreState state) {
    SafeTransferListener.attempt(() -> listener.stateChanged(state));
  }
}
