// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import java.time.Duration;

/** Interrupts that do not come once. */
final class Interrupts {
  private static final Duration EACH = Duration.ofMillis(1);

  private Interrupts() {}

  /** Interrupts a thread now, and again and again until it ends. */
  static void keepComing(Thread thread) {
    thread.interrupt();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            while (!thread.join(EACH)) {
              thread.interrupt();
            }
          } catch (InterruptedException e) {
            // Nobody interrupts this one.
          }
        });
  }
}
