// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import java.time.Duration;

/** Waiting for something that cannot tell when it happens. */
final class Pause {
  private Pause() {}

  static void of(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while waiting for QEMU", e);
    }
  }
}
