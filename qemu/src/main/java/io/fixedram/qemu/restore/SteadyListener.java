// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.Reason;
import io.fixedram.qemu.transfer.TransferView;

/**
 * Hands on what is told, and keeps what comes of it to itself: a guest is not given up because
 * somebody can't be told of it.
 */
record SteadyListener(RestoreListener listener) implements RestoreListener {

  @Override
  public void started(TransferView view) {
    listener.started(view);
  }

  @Override
  public void note(String sentence) {
    attempt(() -> listener.note(sentence));
  }

  @Override
  public void note(Reason reason) {
    attempt(() -> listener.note(reason));
  }

  @Override
  public void warning(Reason reason) {
    attempt(() -> listener.warning(reason));
  }

  @Override
  public void warning(String sentence) {
    attempt(() -> listener.warning(sentence));
  }

  @Override
  public void choseMode(RestoreMode mode) {
    attempt(() -> listener.choseMode(mode));
  }

  @Override
  public void stateChanged(RestoreState state) {
    attempt(() -> listener.stateChanged(state));
  }

  // What a listener throws is anybody's.
  @SuppressWarnings("CatchThrowable")
  private static void attempt(Runnable telling) {
    try {
      telling.run();
    } catch (Throwable e) {
      System.getLogger(SteadyListener.class.getName())
          .log(System.Logger.Level.DEBUG, "a listener failed", e);
    }
  }
}
