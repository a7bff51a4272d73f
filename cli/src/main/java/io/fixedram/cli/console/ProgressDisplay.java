// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.error.Reason;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Displays the progress of transfers: one line that is redrawn on a terminal, a log of lines
 * elsewhere. A separate thread draws, so that transfers are not delayed.
 */
public final class ProgressDisplay implements TransferListener, AutoCloseable {
  private static final long REDRAW_MILLIS = 100;
  private static final long LOG_MILLIS = 3000;

  private final Console console;
  private final CountDownLatch closed = new CountDownLatch(1);
  private Optional<ProgressMeter> meter = Optional.empty();
  private Optional<Thread> thread = Optional.empty();

  /** Creates a display, which shows nothing before a transfer has started. */
  public ProgressDisplay(Console console) {
    this.console = console;
  }

  /** Displays a transfer from now on, instead of the previous one. */
  @Override
  public synchronized void started(TransferView view) {
    if (!console.wantsProgress()) {
      return;
    }
    meter = Optional.of(new ProgressMeter(view));
    if (thread.isEmpty()) {
      Thread drawing = new Thread(this::drawUntilClosed, "progress");
      drawing.setDaemon(true);
      drawing.start();
      thread = Optional.of(drawing);
    }
  }

  /** Shows nothing until another transfer starts. */
  public synchronized void pause() {
    meter = Optional.empty();
    console.clearProgress();
  }

  @Override
  public void note(Reason reason) {
    console.note(RemedyText.sentence(reason));
  }

  @Override
  public void warning(Reason reason) {
    console.warning(RemedyText.sentence(reason));
  }

  /** Ends the display and removes the line. */
  @Override
  public void close() {
    closed.countDown();
    Optional<Thread> drawing;
    synchronized (this) {
      drawing = thread;
    }
    try {
      if (drawing.isPresent()) {
        drawing.get().join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    console.clearProgress();
  }

  private void drawUntilClosed() {
    long millis = console.terminal().errIsTerminal() ? REDRAW_MILLIS : LOG_MILLIS;
    try {
      while (!closed.await(millis, TimeUnit.MILLISECONDS)) {
        draw();
      }
    } catch (InterruptedException e) {
      // This thread is not interrupted; an interrupt would end it.
    }
  }

  private synchronized void draw() {
    if (meter.isEmpty()) {
      return;
    }
    ProgressState state = meter.get().read(System.nanoTime());
    Terminal terminal = console.terminal();
    if (terminal.errIsTerminal()) {
      console.showProgress(ProgressLine.bar(state, terminal.columns(), terminal.unicode()));
    } else {
      console.logProgress(ProgressLine.plain(state));
    }
  }
}
