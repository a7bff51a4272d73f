// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.mapping.SaveHold;
import io.fixedram.qemu.load.QemuProcess;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Handle of a guest that is being restored or was restored: its state and its QEMU, with methods to
 * wait. Closing it closes the connection to QEMU and does not end QEMU. Thread-safe.
 */
public final class RestoredGuest implements AutoCloseable {
  private static final Duration WATCH_TIME = Duration.ofSeconds(1);

  private final RestoreProgress progress;
  private final TransferListener listener;

  /**
   * Creates the handle.
   *
   * @param listener warned once if the save that the guest runs on is changed
   */
  RestoredGuest(RestoreProgress progress, TransferListener listener) {
    this.progress = progress;
    this.listener = listener;
  }

  /** The current state of the restore. */
  public RestoreState state() {
    return progress.state();
  }

  /**
   * The states of the restore as events, from {@link RestoreState#PREPARED} on: the stream waits
   * for each next state, and ends when the restore is over, whether it has succeeded or failed.
   * Several streams can be read independently. Reading throws a {@link FixedRamException} if the
   * thread is interrupted.
   */
  public Stream<RestoreState> states() {
    return IntStream.iterate(0, index -> index + 1)
        .mapToObj(progress::awaitState)
        .takeWhile(Optional::isPresent)
        .map(Optional::orElseThrow);
  }

  /**
   * Waits until the guest runs, or is ready to run if it stays paused. It may still need pages from
   * this process: see {@link #awaitResident}.
   *
   * @throws CancelledException if cancelled
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public void awaitRunning() {
    progress.awaitRunning();
  }

  /**
   * Waits until the guest is restored completely and needs nothing from this process.
   *
   * @return the report of the restore
   * @throws CancelledException if cancelled
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public RestoreReport awaitResident() {
    return progress.awaitResident();
  }

  /** Progress of the transfer of memory; empty before it begins. */
  public Optional<TransferView> view() {
    return progress.view();
  }

  /** The process that was started for this restore; empty if there is none, or not yet. */
  public Optional<Process> process() {
    return started().map(QemuProcess::process);
  }

  /**
   * A QMP client for the caller, available from {@link RestoreState#STARTED} until this handle is
   * closed. It receives all events since then, of which the last 4096 are kept, and ignores the
   * cancellation. The caller must not close it, change migration settings, or stop or end the guest
   * before it is resident.
   *
   * @throws IllegalStateException if QEMU does not wait yet, or the restore has failed
   */
  public QmpClient qmp() {
    return progress
        .connected()
        .orElseThrow(() -> new IllegalStateException("there is no QEMU: " + progress.state()))
        .qmp();
  }

  private Optional<QemuProcess> started() {
    return progress.connected().flatMap(connected -> connected.destination().process());
  }

  /**
   * Waits until a QEMU that was started for this restore ends, and watches the save that the guest
   * runs on. First waits until QEMU is started.
   *
   * @return QEMU's exit status, 128 + n if signal n killed it; 0 at once if no QEMU was started
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public int waitForExit() {
    progress.awaitStarted();
    Optional<QemuProcess> process = started();
    if (process.isEmpty()) {
      progress.throwIfFailed();
      return 0;
    }
    progress
        .connected()
        .flatMap(RestoreProgress.Connected::hold)
        .ifPresent(hold -> watch(process.get(), hold));
    return statusOf(process.get());
  }

  /** Waits for the end of QEMU, which may be that of a failed restore. */
  private int statusOf(QemuProcess process) {
    int status = process.waitForExit();
    progress.awaitOver();
    progress.throwIfFailed();
    return status;
  }

  /** Returns when QEMU has ended, or after the first warning. */
  private void watch(QemuProcess qemu, SaveHold save) {
    while (!qemu.waitForEnd(WATCH_TIME)) {
      Optional<String> change = change(save);
      if (change.isPresent()) {
        listener.warning(change.get());
        return;
      }
    }
  }

  private static Optional<String> change(SaveHold save) {
    try {
      save.check();
      return save.replaced()
          ? Optional.of(
              "the save that the guest runs on was renamed, replaced or deleted; it stays on disk until the guest"
                  + " ends")
          : Optional.empty();
    } catch (FixedRamException e) {
      return Optional.of(e.sentence());
    }
  }

  /**
   * Asks a QEMU that was started for this restore to end (SIGTERM) and waits until it has ended. A
   * QEMU on the same terminal may have received Ctrl-C already; it treats both signals as one.
   *
   * @return exit status as from {@link #waitForExit()}
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public int terminate() {
    progress.awaitStarted();
    Optional<QemuProcess> process = started();
    process.ifPresent(QemuProcess::terminate);
    return process.map(QemuProcess::waitForExit).orElse(0);
  }

  /**
   * Ends a QEMU that was started for this restore, by SIGKILL if it does not end soon. First waits
   * until QEMU is started.
   *
   * @return whether QEMU has ended
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public boolean end() {
    progress.awaitStarted();
    return started().map(QemuProcess::end).orElse(true);
  }

  /**
   * Waits until the restore is over, then closes the connection to QEMU; a guest that still needs
   * pages gets them. To abandon the guest, cancel first ({@link GuestRestore#cancellation}).
   */
  @Override
  public void close() {
    progress.awaitOver();
    progress.connected().ifPresent(RestoreProgress.Connected::close);
  }
}
