// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QemuGoneException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The end of a guest that will not get all of its memory: a QEMU that was started here is ended,
 * the guest in another one stopped. Happens once, in a thread of its own, whoever begins it. Safe
 * for use by several threads.
 */
final class GuestStop {
  /** What QEMU may take to stop a guest whose pages still come. */
  private static final Duration STOP_TIME = Duration.ofSeconds(3);

  /** How long somebody may be busy letting the guest go on. */
  private static final Duration BUSY_TIME = Duration.ofSeconds(1);

  private final Destination destination;
  private final Runnable whenOver;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CompletableFuture<String> outcome = new CompletableFuture<>();
  private volatile long begunNanos;

  /** Held by who may let the guest go on, which must not happen after it was stopped. */
  private final ReentrantLock lettingGoOn = new ReentrantLock();

  /**
   * Prepares.
   *
   * @param whenOver is run when nothing more can be done for the guest, whether it has stopped or
   *     not
   */
  GuestStop(Destination destination, Runnable whenOver) {
    this.destination = destination;
    this.whenOver = whenOver;
  }

  /** Has it begin, if it has not yet; returns at once. */
  void begin() {
    if (begun.compareAndSet(false, true)) {
      begunNanos = System.nanoTime();
      Thread.ofPlatform().daemon().name("stopping the guest").start(this::run);
    }
  }

  boolean hasBegun() {
    return begun.get();
  }

  /** Does something that may let the guest go on, unless it is being stopped. */
  void unlessBegun(Runnable work) {
    lettingGoOn.lock();
    try {
      if (!begun.get()) {
        work.run();
      }
    } finally {
      lettingGoOn.unlock();
    }
  }

  /** Waits for the end, but no longer after the beginning than a stop should take. */
  void await() {
    long leftNanos = begunNanos + STOP_TIME.toNanos() - System.nanoTime();
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
      whenOver.run();
      outcome.complete(words);
    }
  }

  private String end() {
    QemuProcess process = destination.process().orElseThrow();
    return process.kill()
        ? "its QEMU was ended"
        : "its QEMU could not be ended: kill process " + process.pid();
  }

  private String stop() {
    boolean alone = tryLock();
    try {
      // Longer, so that those have been answered who kept it from stopping.
      new QemuMigration(destination.qmp()).within(STOP_TIME.multipliedBy(2)).stopGuest();
      return "the guest in "
          + qemu()
          + " is stopped and must not go on, since pages are missing from its memory: end that"
          + " QEMU";
    } catch (QemuGoneException e) {
      return "the guest in "
          + qemu()
          + " could not be stopped, since QMP is gone: unless it has ended, kill that QEMU";
    } catch (FixedRamException e) {
      return quit();
    } finally {
      if (alone) {
        lettingGoOn.unlock();
      }
    }
  }

  private boolean tryLock() {
    try {
      return lettingGoOn.tryLock(BUSY_TIME.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private String quit() {
    try {
      destination.qmp().execute("quit", Map.of(), STOP_TIME);
      return qemu() + " was told to end, since its guest could not be stopped";
    } catch (FixedRamException e) {
      return "the guest could not be stopped, and " + qemu() + " does not answer: kill it";
    }
  }

  private String qemu() {
    return "QEMU at " + destination.qmp().endpoint();
  }
}
