// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.qemu.qmp.QmpClient;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Whether a guest may be let run. Once it must not, nothing that lets it run is sent any more; and
 * since QEMU carries commands out in the order in which they were sent, a stop that is sent after
 * {@link #shut()} is the last word. Safe for use by several threads.
 */
public final class RunGate {
  private boolean shut;

  /** Sends something that may let the guest run, without waiting for the answer; or nothing. */
  synchronized Optional<QmpClient.Sent> send(Supplier<QmpClient.Sent> sending) {
    return shut ? Optional.empty() : Optional.of(sending.get());
  }

  /** Says that the guest must not run. */
  synchronized void shut() {
    shut = true;
  }
}
