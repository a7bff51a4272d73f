// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.qemu.migration.SteadyTransfer;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import java.util.List;

/**
 * A listener that calls another one and logs its exceptions, so that a failing listener does not
 * end a restore.
 */
record SteadyListener(RestoreListener listener) implements RestoreListener {

  private TransferListener steady() {
    return new SteadyTransfer(listener);
  }

  @Override
  public void started(TransferView view) {
    steady().started(view);
  }

  @Override
  public void note(Reason reason) {
    steady().note(reason);
  }

  @Override
  public void warning(Reason reason) {
    steady().warning(reason);
  }

  @Override
  public void choseMode(RestoreMode mode, List<Obstacle> obstacles) {
    SteadyTransfer.attempt(() -> listener.choseMode(mode, obstacles));
  }

  @Override
  public void stateChanged(RestoreState state) {
    SteadyTransfer.attempt(() -> listener.stateChanged(state));
  }
}
