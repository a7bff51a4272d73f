// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.QemuProcess;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.SaveHold;
import java.time.Duration;
import java.util.Optional;

/**
 * A guest that was restored. Its QEMU needs nothing from us any more; closing this lets go of it
 * and does not end it. Safe for use by several threads.
 */
public final class RestoredGuest implements AutoCloseable {
  private static final Duration WATCH_TIME = Duration.ofSeconds(1);

  private final RestoreReport report;
  private final Optional<QemuProcess> process;
  private final Optional<SaveHold> hold;
  private final TransferListener listener;
  private boolean closed;

  /**
   * Keeps what is left of a restore.
   *
   * @param hold on the save that the guest runs on; closed with this
   * @param listener is warned once if that save is changed
   */
  RestoredGuest(
      RestoreReport report,
      Optional<QemuProcess> process,
      Optional<SaveHold> hold,
      TransferListener listener) {
    this.report = report;
    this.process = process;
    this.hold = hold;
    this.listener = listener;
  }

  /** How it went. */
  public RestoreReport report() {
    return report;
  }

  /**
   * Waits until a QEMU that was started here ends, and watches the save that it runs on.
   *
   * @return its exit status, 128 + n if signal n killed it; 0 at once if none was started here
   */
  public int waitForExit() {
    if (process.isEmpty()) {
      return 0;
    }
    if (hold.isPresent()) {
      watch(process.get(), hold.get());
    }
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

  private synchronized Optional<String> change(SaveHold save) {
    if (closed) {
      return Optional.empty();
    }
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
   * Asks a QEMU that was started here to end (SIGTERM) and waits until it has: for a process that
   * was itself told to end. A QEMU on the same terminal has got Ctrl-C from there already; it takes
   * both for one.
   *
   * @return as {@link #waitForExit()}
   */
  public int forwardSignalAndWait() {
    process.ifPresent(QemuProcess::terminate);
    return process.map(QemuProcess::waitForExit).orElse(0);
  }

  /** Ends a QEMU that was started here, by force if it does not end soon; whether it is gone. */
  public boolean end() {
    return process.map(QemuProcess::end).orElse(true);
  }

  @Override
  public synchronized void close() {
    closed = true;
    hold.ifPresent(SaveHold::close);
  }
}
