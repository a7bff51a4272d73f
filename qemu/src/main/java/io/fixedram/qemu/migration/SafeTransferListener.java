// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.Reason;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;

/**
 * A listener that calls another one and logs its exceptions, so that a failing listener does not
 * disturb a transfer.
 */
public record SafeTransferListener(TransferListener listener) implements TransferListener {

  @Override
  public void started(TransferView view) {
    attempt(() -> listener.started(view));
  }

  @Override
  public void note(Reason reason) {
    attempt(() -> listener.note(reason));
  }

  @Override
  public void warning(Reason reason) {
    attempt(() -> listener.warning(reason));
  }

  /** Calls a listener and logs what it throws. */
  // A listener can throw anything.
  @SuppressWarnings("CatchThrowable")
  public static void attempt(Runnable telling) {
    try {
      telling.run();
    } catch (Throwable e) {
      System.getLogger(SafeTransferListener.class.getName())
          .log(System.Logger.Level.DEBUG, "a listener failed", e);
    }
  }
}
