// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.QemuProcess;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.store.SaveHold;
import java.time.Duration;
import java.util.Optional;

/**
 * A guest that is being restored, or was: its state, its QEMU, and ways to wait. Closing this lets
 * go of QEMU and does not end it. Safe for use by several threads.
 */
public final class RestoredGuest implements AutoCloseable {
  private static final Duration WATCH_TIME = Duration.ofSeconds(1);

  private final RestoreProgress progress;
  private final TransferListener listener;

  /**
   * Looks at a restore.
   *
   * @param listener is warned once if the save that the guest runs on is changed
   */
  RestoredGuest(RestoreProgress progress, TransferListener listener) {
    this.progress = progress;
    this.listener = listener;
  }

  /** How far the restore is. */
  public RestoreState state() {
    return progress.state();
  }

  /**
   * Waits until the guest runs, or is ready to if it stays paused. It may still need pages from
   * this process: see {@link #awaitResident}.
   *
   * @throws CancelledException if the end was asked for
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public void awaitRunning() {
    progress.awaitRunning();
  }

  /**
   * Waits until all of the guest is there, so that it needs nothing from this process.
   *
   * @return how it went
   * @throws CancelledException if the end was asked for
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public RestoreReport awaitResident() {
    return progress.awaitResident();
  }

  /** Counters of the memory that flows; none before it does. */
  public Optional<TransferView> view() {
    return progress.view();
  }

  /** The process that was started for this; none if there is none, or not yet. */
  public Optional<Process> process() {
    return started().map(QemuProcess::process);
  }

  /**
   * QEMU's QMP connection, from {@link RestoreState#STARTED} on until this is closed. The client is
   * the caller's: it has all events since then, of which the last 4096 are kept, and it heeds no
   * cancellation. It must not be closed, change migration settings, or, before the guest is
   * resident, stop or end it.
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
   * Waits until a QEMU that was started here ends, and watches the save that it runs on. Waits for
   * it to be started first.
   *
   * @return its exit status, 128 + n if signal n killed it; 0 at once if none was started here
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public int waitForExit() {
    progress.awaitStarted();
    Optional<QemuProcess> process = started();
    if (process.isEmpty()) {
      return 0;
    }
    progress
        .connected()
        .flatMap(RestoreProgress.Connected::hold)
        .ifPresent(hold -> watch(process.get(), hold));
    return process.get().waitForExit();
  }

  /** Returns when QEMU has ended, or there is nothing more to say. */
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
              "the save that the guest runs on has lost its name; it stays on disk until the guest"
                  + " ends")
          : Optional.empty();
    } catch (FixedRamException e) {
      return Optional.of(e.sentence());
    }
  }

  /**
   * Asks a QEMU that was started here to end (SIGTERM) and waits until it has. A QEMU on the same
   * terminal may have got Ctrl-C from there already; it takes both for one.
   *
   * @return as {@link #waitForExit()}
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public int terminate() {
    progress.awaitStarted();
    Optional<QemuProcess> process = started();
    process.ifPresent(QemuProcess::terminate);
    return process.map(QemuProcess::waitForExit).orElse(0);
  }

  /**
   * Ends a QEMU that was started here, by force if it does not end soon. Waits for it to be started
   * first.
   *
   * @return whether it is gone
   * @throws FixedRamException if the restore has failed, or this thread was interrupted
   */
  public boolean end() {
    progress.awaitStarted();
    return started().map(QemuProcess::end).orElse(true);
  }

  /**
   * Lets go of QEMU, after the restore is over: a guest that still needs pages gets them. Ask for
   * the end first ({@link GuestRestore#cancellation}) to give the guest up.
   */
  @Override
  public void close() {
    progress.awaitOver();
    progress.connected().ifPresent(RestoreProgress.Connected::close);
  }
}
