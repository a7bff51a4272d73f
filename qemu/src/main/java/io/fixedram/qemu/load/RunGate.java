// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.qemu.qmp.QmpClient;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Gate for commands that let a guest run. Once it is shut, no such command is sent any more; since
 * QEMU executes commands in the order in which they were sent, a stop sent after {@link #shut()} is
 * final. Thread-safe.
 */
public final class RunGate {
  private boolean shut;

  /**
   * Sends a command that may let the guest run, without waiting for the answer; empty if the gate
   * is shut.
   */
  synchronized Optional<QmpClient.Sent> send(Supplier<QmpClient.Sent> sending) {
    return shut ? Optional.empty() : Optional.of(sending.get());
  }

  /** Shuts the gate: the guest must not run any more. */
  synchronized void shut() {
    shut = true;
  }
}
