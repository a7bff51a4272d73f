// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.os.Threads;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Work for which a guest is stopped, and which may wait for a disk. It is done in a thread of its
 * own, so that the caller can give up, and let the guest run, while the disk still does not answer.
 * For one caller's thread.
 */
final class StoppedWork implements AutoCloseable {
  private static final long LOOK_MILLIS = 50;

  private final Cancellation cancellation;
  private final Cancellation unwanted = new Cancellation();
  private final Cancellation.Registration registration;
  private Optional<Thread> thread = Optional.empty();

  /** Prepares work that a cancellation ends. */
  StoppedWork(Cancellation cancellation) {
    this.cancellation = cancellation;
    this.registration =
        cancellation.onCancel(() -> {
          var _ = unwanted.cancel();
        });
  }

  /** Cancellation of the work: by the caller's request, or because the caller has given up. */
  Cancellation cancellation() {
    return unwanted;
  }

  /**
   * Does work and waits for its result. If this throws, the work may go on until {@link #end}.
   *
   * @param check called repeatedly during the wait, which its exception ends
   * @throws CancelledException if the request is made
   */
  <T> T run(Supplier<T> work, Runnable check) {
    FutureTask<T> task = new FutureTask<>(work::get);
    thread = Optional.of(Thread.ofPlatform().daemon().name("fixedram stopped guest").start(task));
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          cancellation.throwIfCancelled();
          check.run();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw switch (e.getCause()) {
        case RuntimeException failure -> failure;
        case Error failure -> throw failure;
        case null, default -> new IllegalStateException(e);
      };
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Does work without a result or a check. */
  void run(Runnable work) {
    boolean _ =
        run(
            () -> {
              work.run();
              return true;
            },
            () -> {});
  }

  /** Cancels the work and waits for its end, however long the disk takes. */
  void end() {
    var _ = unwanted.cancel();
    thread.ifPresent(Threads::joinUninterruptibly);
  }

  @Override
  public void close() {
    registration.close();
    end();
  }
}
