// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.qemu.qmp.QmpEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Measures the downtime of a migration by QEMU's events. */
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
        // Other events do not change whether the guest runs.
      }
    }
  }

  /** Whether the guest was stopped, and not resumed since. */
  boolean hasBegun() {
    return stopped.isPresent() && resumed.isEmpty();
  }

  /**
   * Time from the guest's stop until it was resumed, or until the end of the migration; 0 without a
   * stop.
   */
  Duration length() {
    return stopped
        .map(from -> Duration.between(from, resumed.or(() -> completed).orElseGet(Instant::now)))
        .orElse(Duration.ZERO);
  }
}
