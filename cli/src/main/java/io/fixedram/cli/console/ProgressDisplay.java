// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.TransferListener;
import io.fixedram.qemu.TransferView;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Shows a transfer while it runs: one line that is redrawn where a person looks on, lines that stay
 * elsewhere. A thread of its own reads the transfer, which is never held up.
 */
public final class ProgressDisplay implements TransferListener, AutoCloseable {
  private static final long REDRAW_MILLIS = 100;
  private static final long LOG_MILLIS = 3000;

  private final Console console;
  private final CountDownLatch closed = new CountDownLatch(1);
  private Thread thread = Thread.currentThread();

  /** Prepares to show a transfer; nothing is shown before it has started. */
  public ProgressDisplay(Console console) {
    this.console = console;
  }

  @Override
  public synchronized void started(TransferView view) {
    boolean redraw = console.terminal().errIsTerminal();
    boolean shown =
        switch (console.options().progress()) {
          case ALWAYS -> true;
          case ON_A_TERMINAL -> redraw;
          case NEVER -> false;
        };
    if (shown && thread == Thread.currentThread()) {
      thread = new Thread(() -> show(new ProgressMeter(view), redraw), "progress");
      thread.setDaemon(true);
      thread.start();
    }
  }

  @Override
  public void note(String sentence) {
    console.note(sentence);
  }

  @Override
  public void warning(String sentence) {
    console.warning(sentence);
  }

  /** Ends the display, and takes the line away. */
  @Override
  public void close() {
    closed.countDown();
    try {
      synchronized (this) {
        if (thread != Thread.currentThread()) {
          thread.join();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    console.clearProgress();
  }

  private void show(ProgressMeter meter, boolean redraw) {
    Terminal terminal = console.terminal();
    long millis = redraw ? REDRAW_MILLIS : LOG_MILLIS;
    try {
      while (!closed.await(millis, TimeUnit.MILLISECONDS)) {
        ProgressState state = meter.read(System.nanoTime());
        if (redraw) {
          console.showProgress(ProgressLine.bar(state, terminal.columns(), terminal.unicode()));
        } else {
          console.logProgress(ProgressLine.plain(state));
        }
      }
    } catch (InterruptedException e) {
      // Nobody interrupts this thread; if somebody does, it ends.
    }
  }
}
