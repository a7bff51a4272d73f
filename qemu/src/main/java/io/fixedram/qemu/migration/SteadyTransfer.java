// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.Reason;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;

/**
 * Hands on what is told, and keeps what comes of it to itself: nothing is left undone because
 * somebody can't be told of it.
 */
public record SteadyTransfer(TransferListener listener) implements TransferListener {

  @Override
  public void started(TransferView view) {
    listener.started(view);
  }

  @Override
  public void note(Reason reason) {
    attempt(() -> listener.note(reason));
  }

  @Override
  public void warning(Reason reason) {
    attempt(() -> listener.warning(reason));
  }

  /** Tells somebody something, whatever comes of it. */
  // What a listener throws is anybody's.
  @SuppressWarnings("CatchThrowable")
  public static void attempt(Runnable telling) {
    try {
      telling.run();
    } catch (Throwable e) {
      System.getLogger(SteadyTransfer.class.getName())
          .log(System.Logger.Level.DEBUG, "a listener failed", e);
    }
  }
}
