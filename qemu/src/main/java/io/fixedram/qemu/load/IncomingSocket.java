// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.migration.PassedSocket;
import io.fixedram.qemu.migration.QemuMigration;
import io.fixedram.qemu.qmp.QmpException;
import java.nio.file.Path;

/**
 * Opens the connection from which a waiting QEMU loads its guest. If QMP is a unix socket, QEMU is
 * passed one end of a socket pair (getfd); over TCP, QEMU listens on a unix socket in a private
 * directory.
 */
final class IncomingSocket {
  private static final String DESCRIPTOR_NAME = "fixedram-restore";

  private IncomingSocket() {}

  /** Makes QEMU start loading from a new connection; returns this process's end of it. */
  static UnixSocket open(Destination destination) {
    QemuMigration migration = new QemuMigration(destination.qmp());
    return destination.qmp().canPassDescriptors()
        ? PassedSocket.pass(destination.qmp(), DESCRIPTOR_NAME, migration::startIncoming)
        : connect(destination, migration);
  }

  private static UnixSocket connect(Destination destination, QemuMigration migration) {
    Path socket = destination.directory().resolve("incoming.sock");
    try {
      migration.startIncoming("unix:" + socket);
    } catch (QmpException e) {
      throw new FixedRamException(
          "QEMU cannot be reached by a unix socket ("
              + e.description()
              + "): it may run on another host",
          e,
          Remedy.SEND_OVER_TCP);
    }
    return UnixSocket.connect(socket);
  }
}
