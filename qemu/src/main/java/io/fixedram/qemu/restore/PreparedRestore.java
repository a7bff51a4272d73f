// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.QemuProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A restore into a QEMU that the caller starts: run {@link #command}, then call {@link #start} or
 * {@link #run}, once. Closing this before that abandons the restore; later it does nothing. Not
 * thread-safe.
 */
public final class PreparedRestore implements AutoCloseable {
  private final Restoration restoration;
  private final Path qmpSocket;
  private final List<String> command;
  private boolean begun;

  PreparedRestore(Restoration restoration, Path qmpSocket) {
    this.restoration = restoration;
    this.qmpSocket = qmpSocket;
    if (!(restoration.target() instanceof RestoreTarget.Command start)) {
      throw new IllegalStateException("QEMU is not started for this");
    }
    try {
      this.command = QemuProcess.incoming(start.command(), qmpSocket);
    } catch (FixedRamException e) {
      restoration.close();
      throw e;
    }
  }

  /**
   * The words of the command that must start QEMU, unchanged: those that were given, with {@code
   * -incoming defer} and a QMP socket added, and with main memory as a private mapping of the save
   * in restore mode instant.
   */
  public List<String> command() {
    return command;
  }

  /**
   * Whether this process may serve the guest's pages while it runs, as far as known yet. QEMU
   * should then be protected from signals that interrupt this program, for example Ctrl-C on its
   * terminal.
   */
  public boolean served() {
    return restoration.served();
  }

  /**
   * Restores the guest in a new thread, like {@link GuestRestore#start}. If the restore fails, QEMU
   * is not ended.
   *
   * @param timeout timeout for QEMU to listen for QMP
   */
  public RestoredGuest start(Duration timeout) {
    return begin(timeout, Optional.empty()).start();
  }

  /**
   * The same for a QEMU whose process is known, so that its end is noticed before it listens.
   *
   * @param qemu the process that was started with the command; it may put QEMU into the background
   * @param timeout how long QEMU may take until it listens for QMP
   */
  public RestoredGuest start(ProcessHandle qemu, Duration timeout) {
    return begin(timeout, Optional.of(qemu)).start();
  }

  /**
   * Restores the guest in this thread, like {@link GuestRestore#run}. If the restore fails, QEMU is
   * not ended.
   *
   * @param timeout timeout for QEMU to listen for QMP
   * @throws FixedRamException if the guest was not restored
   */
  public RestoredGuest run(Duration timeout) {
    return begin(timeout, Optional.empty()).run();
  }

  /**
   * The same for a QEMU whose process is known, so that its end is noticed before it listens.
   *
   * @param qemu the process that was started with the command; it may put QEMU into the background
   * @param timeout how long QEMU may take until it listens for QMP
   * @throws FixedRamException if the guest was not restored
   */
  public RestoredGuest run(ProcessHandle qemu, Duration timeout) {
    return begin(timeout, Optional.of(qemu)).run();
  }

  private Restoration begin(Duration timeout, Optional<ProcessHandle> qemu) {
    if (begun) {
      throw new IllegalStateException("this restore was begun already");
    }
    begun = true;
    return restoration.awaiting(new RestoreTarget.Awaited(qmpSocket, timeout, qemu));
  }

  @Override
  public void close() {
    if (!begun) {
      begun = true;
      restoration.close();
    }
  }
}
