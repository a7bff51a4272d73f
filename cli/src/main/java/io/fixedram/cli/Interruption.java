// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.os.Cancellation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C, and the other signals on which Java shuts down (SIGTERM, SIGHUP): asks the command to
 * end, and keeps the process until it has put everything back.
 */
final class Interruption {
  private static final long PATIENCE_SECONDS = 3;

  private final Cancellation cancellation;
  private final Runnable whenSlow;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile int status = ExitStatus.INTERRUPTED;

  /**
   * Prepares for signals from now on.
   *
   * @param whenSlow tells the user that it takes a moment
   */
  Interruption(Cancellation cancellation, Runnable whenSlow) {
    this.cancellation = cancellation;
    this.whenSlow = whenSlow;
    Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown, "interruption"));
  }

  /** Ends the process. */
  void exit(int withStatus) {
    status = withStatus;
    ended.countDown();
    System.exit(withStatus);
  }

  /** Runs when the process is to end, whether by a signal or because the command has ended. */
  private void shutDown() {
    try {
      if (ended.getCount() > 0) {
        cancellation.cancel();
        if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          whenSlow.run();
          ended.await();
        }
      }
    } catch (InterruptedException e) {
      // Nobody interrupts this thread; if somebody does, the process ends now.
    }
    // The status that Java would end with tells of the signal, not of what became of the command.
    Runtime.getRuntime().halt(status);
  }
}
