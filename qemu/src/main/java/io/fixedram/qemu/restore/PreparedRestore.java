// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.load.QemuProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A restore into a QEMU that the caller starts: first the {@link #command}, then {@link #start} or
 * {@link #run}, once. Until one of these, closing it gives the restore up; after that it does
 * nothing. Not for several threads.
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
   * The words that are to start QEMU, which the program must get as they are: those that were
   * given, with {@code -incoming defer} and a QMP socket added, and main memory as a private
   * mapping of the save if the restore mode is instant.
   */
  public List<String> command() {
    return command;
  }

  /**
   * Whether the guest may be served its pages by this process while it runs, as far as is known
   * yet. QEMU is then best kept from what ends it when this program is interrupted, Ctrl-C on its
   * terminal for example.
   */
  public boolean served() {
    return restoration.served();
  }

  /**
   * Goes on in a thread of its own, as {@link GuestRestore#start}. If the restore fails, QEMU is
   * left alone.
   *
   * @param patience how long QEMU may take until it listens for QMP
   */
  public RestoredGuest start(Duration patience) {
    return begin(patience, Optional.empty()).start();
  }

  /**
   * The same for a QEMU whose process is known, so that its end is noticed before it listens.
   *
   * @param qemu the process that was started with the command; it may put QEMU into the background
   * @param patience how long QEMU may take until it listens for QMP
   */
  public RestoredGuest start(ProcessHandle qemu, Duration patience) {
    return begin(patience, Optional.of(qemu)).start();
  }

  /**
   * Goes on in this thread, as {@link GuestRestore#run}. If the restore fails, QEMU is left alone.
   *
   * @param patience how long QEMU may take until it listens for QMP
   * @throws FixedRamException if the guest was not restored
   */
  public RestoredGuest run(Duration patience) {
    return begin(patience, Optional.empty()).run();
  }

  /**
   * The same for a QEMU whose process is known, so that its end is noticed before it listens.
   *
   * @param qemu the process that was started with the command; it may put QEMU into the background
   * @param patience how long QEMU may take until it listens for QMP
   * @throws FixedRamException if the guest was not restored
   */
  public RestoredGuest run(ProcessHandle qemu, Duration patience) {
    return begin(patience, Optional.of(qemu)).run();
  }

  private Restoration begin(Duration patience, Optional<ProcessHandle> qemu) {
    if (begun) {
      throw new IllegalStateException("this restore was begun already");
    }
    begun = true;
    return restoration.awaiting(new RestoreTarget.Awaited(qmpSocket, patience, qemu));
  }

  @Override
  public void close() {
    if (!begun) {
      begun = true;
      restoration.close();
    }
  }
}
