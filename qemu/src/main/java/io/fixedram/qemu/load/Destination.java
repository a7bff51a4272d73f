// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.process.PrivateDirectory;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** The QEMU that a guest is loaded into, started by this process or already waiting. */
public final class Destination implements AutoCloseable {
  private static final Duration LOOK_TIME = Duration.ofMillis(5);
  private static final Duration QUIT_TIME = Duration.ofSeconds(2);
  private static final long MIN_GREETING_NANOS = 5_000_000_000L;

  private final PrivateDirectory directory;
  private final Optional<QemuProcess> process;
  private final QmpClient qmp;

  private Destination(PrivateDirectory directory, Optional<QemuProcess> process, QmpClient qmp) {
    this.directory = directory;
    this.process = process;
    this.qmp = qmp;
  }

  /**
   * Connects to a QEMU that waits already.
   *
   * @throws FixedRamException if connecting fails
   */
  public static Destination waiting(Endpoint qmp, Cancellation cancellation) {
    return connected(() -> QmpClient.connect(qmp, cancellation));
  }

  private static Destination connected(Supplier<QmpClient> qmp) {
    PrivateDirectory directory = PrivateDirectory.create();
    try {
      return new Destination(directory, Optional.empty(), qmp.get());
    } catch (RuntimeException | Error e) {
      directory.close();
      throw e;
    }
  }

  /**
   * Waits until a QEMU that another program starts listens, and connects.
   *
   * @param timeout how long that may take
   * @param process the process, if it is known
   * @throws FixedRamException if that fails, or the process ends before it listens
   */
  public static Destination awaited(
      Path socket, Duration timeout, Optional<ProcessHandle> process, Cancellation cancellation) {
    Endpoint qmp = new Endpoint.Unix(socket);
    long until = System.nanoTime() + timeout.toNanos();
    while (true) {
      // Seen before the socket is looked for: one that puts QEMU into the background ends by then.
      Optional<ProcessHandle> ended = process.filter(each -> !each.isAlive());
      if (ListeningSocket.isThere(socket)) {
        break;
      }
      cancellation.throwIfCancelled();
      if (ended.isPresent()) {
        throw new FixedRamException(
            "QEMU (process "
                + ended.get().pid()
                + ") ended before it listened at "
                + qmp
                + "; its own output says why");
      }
      if (System.nanoTime() > until) {
        throw new FixedRamException(
            "no QEMU listens at " + qmp + " after " + timeout.toMillis() / 1000.0 + " s");
      }
      Pause.of(LOOK_TIME);
    }
    // QEMU listens before it allocates its memory, and sends the greeting afterwards.
    Duration left = Duration.ofNanos(Math.max(MIN_GREETING_NANOS, until - System.nanoTime()));
    return connected(() -> QmpClient.connect(qmp, left, cancellation));
  }

  /**
   * Starts a QEMU and connects.
   *
   * @throws FixedRamException if starting or connecting fails; a started QEMU has been ended then
   */
  public static Destination start(
      QemuProcess.Command command, TransferListener listener, Cancellation cancellation) {
    PrivateDirectory directory = PrivateDirectory.create();
    try {
      QemuProcess process = QemuProcess.start(command, directory, cancellation);
      return new Destination(directory, Optional.of(process), connect(process, listener));
    } catch (RuntimeException | Error e) {
      directory.close();
      throw e;
    }
  }

  private static QmpClient connect(QemuProcess process, TransferListener listener) {
    try {
      return process.connect(listener);
    } catch (RuntimeException | Error e) {
      end(process, e);
      throw e;
    }
  }

  private static void end(QemuProcess process, Throwable reason) {
    if (!process.end()) {
      String why = reason instanceof FixedRamException told ? told.sentence() : reason.toString();
      throw new QemuLeftException(
          why + "; the QEMU that was started could not be ended: kill process " + process.pid(),
          reason);
    }
  }

  public QmpClient qmp() {
    return qmp;
  }

  /** Directory for sockets between this process and QEMU. */
  PrivateDirectory directory() {
    return directory;
  }

  /** The QEMU that was started by this process; empty if it was waiting. */
  public Optional<QemuProcess> process() {
    return process;
  }

  /** The failure to report when QEMU has ended by itself. */
  public FixedRamException gone(String when) {
    return process
        .map(started -> started.ended(when))
        .orElseGet(() ->
            new QemuGoneException(
                "QEMU at " + qmp.endpoint() + " ended " + when + "; its own output says why"));
  }

  /**
   * QEMU's own output, or where it is, to append to a failure that QEMU does not explain over QMP.
   */
  public String outputClause() {
    return process.map(QemuProcess::outputClause).orElse("; its own output says why");
  }

  /**
   * Ends a QEMU that was started by this process.
   *
   * @throws QemuLeftException with the reason, if QEMU can't be ended
   */
  public void abandon(Throwable reason) {
    process.ifPresent(started -> end(started, reason));
  }

  /**
   * Ends a QEMU that was started by this process and has no guest: over QMP, since QEMU prints a
   * message when a signal ends it, and by a signal if it does not quit.
   *
   * @throws QemuLeftException if QEMU can't be ended
   */
  public void quit() {
    try {
      qmp.uncancellable().quit(QUIT_TIME);
      process.ifPresent(started -> started.waitForEnd(QUIT_TIME));
    } catch (FixedRamException e) {
      // Ended by a signal.
    }
    abandon(new FixedRamException("QEMU does not quit"));
  }

  /**
   * Tells a QEMU that was waiting to quit, since it can't load another guest.
   *
   * @param reason exception to which failures are added as suppressed
   */
  public void endAfterFailure(Throwable reason, TransferListener listener) {
    try {
      qmp.uncancellable().quit(QUIT_TIME);
    } catch (FixedRamException e) {
      reason.addSuppressed(e);
    }
    listener.warning(
        "QEMU at "
            + qmp.endpoint()
            + " was told to end, since a part of the guest is in its memory");
  }

  /**
   * Removes the sockets' directory, which is not needed once the guest is loaded; the connection
   * stays open.
   */
  public void removeSockets() {
    directory.close();
  }

  /** Closes the connection; QEMU is not changed. */
  @Override
  public void close() {
    qmp.close();
    directory.close();
  }
}
