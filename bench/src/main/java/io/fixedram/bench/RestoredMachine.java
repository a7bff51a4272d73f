// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.BootedGuest;
import io.fixedram.bench.guest.Guest.Activity;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.host.CommandStarter;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Programs;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreReport;
import io.fixedram.qemu.restore.RestoredGuest;
import java.nio.file.Path;
import java.util.List;

/** A guest that the library has restored into a new QEMU, which is ended on close. */
final class RestoredMachine implements AutoCloseable {
  private final RestoredGuest guest;
  private final Path socket;

  private RestoredMachine(RestoredGuest guest, Path socket) {
    this.guest = guest;
    this.socket = socket;
  }

  /**
   * Restores a guest; returns when it runs and the restore is complete.
   *
   * @param name name of its files
   */
  static RestoredMachine start(
      SavedGuest saved, RestoreMode mode, String name, Cancellation cancellation) {
    BootedGuest.Machine machine = saved.guest().machine();
    Path socket = machine.directory().resolve(name + ".qmp");
    List<String> words =
        machine.command(
            saved.guest().qemu(), Activity.IDLE, machine.directory().resolve(name + ".serial"));
    words.addAll(Programs.qmp(socket));
    Cancellation own = new Cancellation();
    try (Cancellation.Registration _ = cancellation.onCancel(() -> giveUp(own))) {
      return new RestoredMachine(
          GuestRestore.of(saved.save(), words)
              .mode(mode)
              .starter(CommandStarter.foreground(true))
              .cancellation(own)
              .run(),
          socket);
    }
  }

  /** Cancels twice if needed, since the first request is refused while a guest is served pages. */
  private static void giveUp(Cancellation restore) {
    if (!restore.cancel()) {
      var _ = restore.cancel();
    }
  }

  RestoreReport report() {
    return guest.awaitResident();
  }

  /** A new QMP connection. */
  QmpClient qmp() {
    return QmpClient.connect(new Endpoint.Unix(socket));
  }

  /** Ends QEMU by QMP, which prints no message; by a signal if that fails. */
  @Override
  public void close() {
    try (guest) {
      try (QmpClient qmp = qmp()) {
        qmp.execute("quit");
        guest.waitForExit();
      } catch (FixedRamException e) {
        guest.terminate();
      }
    }
  }
}
