// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.qemu.qmp.QmpEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Measures by QEMU's own events how long a migration kept its guest from running. */
final class Downtime {
  private Optional<Instant> stopped = Optional.empty();
  private Optional<Instant> resumed = Optional.empty();
  private Optional<Instant> completed = Optional.empty();

  void take(QmpEvent event) {
    switch (event.name()) {
      case "STOP" -> {
        stopped = Optional.of(event.time());
        resumed = Optional.empty();
      }
      case "RESUME" -> resumed = Optional.of(event.time());
      case "MIGRATION" -> {
        if (event.data().get("status").text().equals("completed")) {
          completed = Optional.of(event.time());
        }
      }
      default -> {
        // Others say nothing about whether the guest runs.
      }
    }
  }

  /** Whether the guest was stopped and has not gone on. */
  boolean isStopped() {
    return stopped.isPresent() && resumed.isEmpty();
  }

  /** From the guest's stop to its going on, or to the migration's end; 0 without a stop. */
  Duration length() {
    return stopped
        .map(from -> Duration.between(from, resumed.or(() -> completed).orElseGet(Instant::now)))
        .orElse(Duration.ZERO);
  }
}
