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
 * Stops a guest that will not get all of its memory: a QEMU that was started by this process is
 * ended, in another QEMU the guest is stopped. Runs once, in its own thread. Thread-safe.
 */
final class GuestStop {
  /** Time for QEMU to stop a guest whose pages are still served. */
  private static final Duration STOP_TIME = Duration.ofSeconds(3);

  private final Destination destination;
  private final Runnable whenOver;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CompletableFuture<String> outcome = new CompletableFuture<>();

  /** Time at which the stop was sent to QEMU, or sending failed. */
  private final CompletableFuture<Long> triedNanos = new CompletableFuture<>();

  private final RunGate gate;

  /**
   * Prepares to stop a guest.
   *
   * @param gate shut when stopping begins, so that the guest can't be resumed afterwards
   * @param whenOver run at the end, whether the guest could be stopped or not
   */
  GuestStop(Destination destination, RunGate gate, Runnable whenOver) {
    this.destination = destination;
    this.gate = gate;
    this.whenOver = whenOver;
  }

  /** Begins to stop the guest unless that has begun already; returns at once. */
  void begin() {
    if (begun.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("stopping the guest").start(this::run);
    }
  }

  boolean hasBegun() {
    return begun.get();
  }

  /** Waits until the guest is stopped, at most {@link #STOP_TIME} after the stop was sent. */
  void await() {
    long leftNanos = triedNanos.join() + STOP_TIME.toNanos() - System.nanoTime();
    try {
      var _ = outcome.get(Math.max(0, leftNanos), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      // A vCPU waits for a page and can't stop.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for the outcome; returns what happened to the guest, as a clause to append to a reason.
   */
  String outcome() {
    return outcome.join();
  }

  private void run() {
    String words = "the state of the guest is unknown";
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
    QmpClient qmp = destination.qmp().uncancellable();
    try {
      QmpClient.Sent stop = qmp.send("stop");
      triedNanos.complete(System.nanoTime());
      // Longer than await(), after which vCPUs that kept QEMU from stopping are answered with
      // zeros.
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
