// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.view;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.os.Threads;
import io.fixedram.qemu.manifest.MemoryFacts;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.process.RunGuard;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.RamPages;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The guest of a running QEMU, to look into where it is. Its memory changes meanwhile unless it is
 * held; a guest that was stopped stays so. Not thread-safe, except for the memory.
 */
public final class GuestView implements AutoCloseable {
  private static final Duration RESUME_TIME = Duration.ofSeconds(10);

  private final QmpClient qmp;
  private final QemuMemory memory;
  private final TransferListener listener;
  private Optional<Hold> hold = Optional.empty();

  private GuestView(QmpClient qmp, QemuMemory memory, TransferListener listener) {
    this.qmp = qmp;
    this.memory = memory;
    this.listener = listener;
  }

  /**
   * Opens a guest.
   *
   * @param qmp QEMU's QMP socket
   * @param process id of QEMU's process; empty for the one that listens on the socket
   * @throws FixedRamException if its memory may not be read, or can't be found
   */
  public static GuestView open(
      Endpoint qmp, OptionalInt process, Cancellation cancellation, TransferListener listener) {
    QmpClient client = QmpClient.connect(qmp, cancellation);
    try {
      return new GuestView(client, QemuMemory.open(client, process), listener);
    } catch (RuntimeException | Error e) {
      client.close();
      throw e;
    }
  }

  /** The guest's memory. */
  public RamPages memory() {
    return memory.pages();
  }

  /** Blocks, backends and the memory map, as QEMU reports them. */
  public MemoryFacts facts() {
    return MemoryFacts.ask(qmp);
  }

  /** Whether the guest stands still, because it was stopped or is held. */
  public boolean isStill() {
    return !new QemuMigration(qmp).guest().running();
  }

  /**
   * Stops the guest until this object is closed, if it runs. A guard resumes it if this process is
   * killed.
   */
  public void hold() {
    if (hold.isEmpty() && !isStill()) {
      hold = Optional.of(new Hold());
    }
  }

  /**
   * The state of the guest's devices. A guest that runs is stopped for some milliseconds.
   *
   * @throws FixedRamException if it can't be read
   */
  public DeviceState devices() {
    GuestStatus status = new QemuMigration(qmp).guest();
    if (!status.running()) {
      return GuestDevices.take(qmp, status.name());
    }
    GuestDevices.requireSaveable(qmp);
    try (Hold _ = new Hold()) {
      return GuestDevices.take(qmp, status.name());
    }
  }

  /** Checks that QEMU has the memory that it had when this object was opened. */
  public void checkUnchanged() {
    memory.checkUnchanged();
  }

  @Override
  public void close() {
    try (qmp;
        memory) {
      hold.ifPresent(Hold::close);
    }
  }

  /** A guest that is stopped for a while. */
  private final class Hold implements AutoCloseable {
    private final Optional<RunGuard> guard;

    Hold() {
      guard = guard();
      try {
        new QemuMigration(qmp).stopGuest();
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    private Optional<RunGuard> guard() {
      Optional<RunGuard> armed =
          qmp.endpoint() instanceof Endpoint.Unix unix
              ? RunGuard.arm(unix.path(), memory.process().id())
              : Optional.empty();
      if (armed.isEmpty()) {
        listener.warning(
            "no guard could be started, which requires perl: if this program is killed, the guest"
                + " stays stopped");
      }
      return armed;
    }

    @Override
    public void close() {
      Threads.withoutInterrupt(() -> {
        QemuMigration hurried = new QemuMigration(qmp).cleaningUp(RESUME_TIME);
        if (hurried.guest().is("paused")) {
          hurried.resumeGuest();
        }
      });
      guard.ifPresent(RunGuard::done);
    }
  }
}
