// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The end of a guest that will not get all of its memory: a QEMU that was started here is ended,
 * the guest in another one stopped. Happens once, in a thread of its own, whoever begins it. Safe
 * for use by several threads.
 */
final class GuestStop {
  /** What QEMU may take to stop a guest whose pages still come. */
  private static final Duration STOP_TIME = Duration.ofSeconds(3);

  private final Destination destination;
  private final Runnable whenOver;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CompletableFuture<String> outcome = new CompletableFuture<>();

  /** When QEMU was sent the stop, or it was found that it can't be. */
  private final CompletableFuture<Long> triedNanos = new CompletableFuture<>();

  private final RunGate gate;

  /**
   * Prepares.
   *
   * @param gate is shut, so that nobody lets the guest run after it was stopped
   * @param whenOver is run when nothing more can be done for the guest, whether it has stopped or
   *     not
   */
  GuestStop(Destination destination, RunGate gate, Runnable whenOver) {
    this.destination = destination;
    this.gate = gate;
    this.whenOver = whenOver;
  }

  /** Has it begin, if it has not yet; returns at once. */
  void begin() {
    if (begun.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("stopping the guest").start(this::run);
    }
  }

  boolean hasBegun() {
    return begun.get();
  }

  /** Waits for the end, but no longer after QEMU was told than a stop should take. */
  void await() {
    long leftNanos = triedNanos.join() + STOP_TIME.toNanos() - System.nanoTime();
    try {
      var _ = outcome.get(Math.max(0, leftNanos), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      // Something in the guest waits for a page.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the end; what has become of the guest, in words that can follow a reason. */
  String outcome() {
    return outcome.join();
  }

  private void run() {
    String words = "it is not known what became of the guest";
    try {
      words = destination.process().isPresent() ? end() : stop();
    } finally {
      triedNanos.complete(System.nanoTime());
      try {
        whenOver.run();
      } finally {
        outcome.complete(words);
      }
    }
  }

  private String end() {
    QemuProcess process = destination.process().orElseThrow();
    return process.kill()
        ? "its QEMU was ended"
        : "its QEMU could not be ended: kill process " + process.pid();
  }

  private String stop() {
    gate.shut();
    QmpClient qmp = destination.qmp().unheeding();
    try {
      QmpClient.Sent stop = qmp.send("stop");
      triedNanos.complete(System.nanoTime());
      // Longer, so that those have been answered who kept it from stopping.
      stop.await(STOP_TIME.multipliedBy(2));
      return "the guest in "
          + qemu()
          + " is stopped and must not go on, since pages are missing from its memory: end that"
          + " QEMU";
    } catch (QemuGoneException e) {
      return "the guest in "
          + qemu()
          + " could not be stopped, since QMP is gone: unless it has ended, kill that QEMU";
    } catch (FixedRamException e) {
      return quit(qmp);
    }
  }

  private String quit(QmpClient qmp) {
    try {
      qmp.execute("quit", Map.of(), STOP_TIME);
      return qemu() + " was told to end, since its guest could not be stopped";
    } catch (FixedRamException e) {
      return "the guest could not be stopped, and " + qemu() + " does not answer: kill it";
    }
  }

  private String qemu() {
    return "QEMU at " + destination.qmp().endpoint();
  }
}
