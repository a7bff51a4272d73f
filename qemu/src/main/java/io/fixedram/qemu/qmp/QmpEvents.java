// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Optional;

/** A queue of events. Thread-safe. */
final class QmpEvents {
  private static final int MAX_KEPT = 4096;

  private final ArrayDeque<QmpEvent> waiting = new ArrayDeque<>();
  private Optional<FixedRamException> end = Optional.empty();

  static QmpEvent read(Json message, long receivedNanos) {
    Json timestamp = message.get("timestamp");
    // QEMU sends -1 where its host cannot tell the time.
    Instant time =
        Instant.ofEpochSecond(
            timestamp.get("seconds").number(),
            Math.max(0, timestamp.get("microseconds").number()) * 1000);
    return new QmpEvent(
        message.get("event").text(),
        message.find("data").orElse(Json.of(Map.of())),
        time,
        receivedNanos);
  }

  synchronized void add(QmpEvent event) {
    if (waiting.size() == MAX_KEPT) {
      waiting.removeFirst();
    }
    waiting.addLast(event);
    notifyAll();
  }

  synchronized void end(FixedRamException reason) {
    end = Optional.of(reason);
    notifyAll();
  }

  synchronized Optional<QmpEvent> next(Duration timeout) {
    long until = System.nanoTime() + timeout.toNanos();
    try {
      while (waiting.isEmpty() && end.isEmpty()) {
        long leftNanos = until - System.nanoTime();
        if (leftNanos <= 0) {
          return Optional.empty();
        }
        wait(leftNanos / 1_000_000, (int) (leftNanos % 1_000_000));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while waiting for QEMU", e);
    }
    if (waiting.isEmpty()) {
      throw QmpConnection.again(end.orElseThrow());
    }
    return Optional.of(waiting.removeFirst());
  }
}
