// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

/** What threads of this project have in common. */
public final class Threads {
  private Threads() {}

  /**
   * Waits for a thread that is about to end. An interrupt does not end the wait, since what the
   * thread uses is released after it; it is kept for the caller's next blocking call.
   */
  public static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
