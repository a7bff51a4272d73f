// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.migration.MigrationState;
import io.fixedram.qemu.migration.OutgoingMigration;
import io.fixedram.qemu.migration.PassedSocket;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.process.PrivateDirectory;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The connection over which a QEMU sends its migration stream to this process. QEMU connects to a
 * socket in a private directory; a QEMU that cannot (it runs as another user, or in a container) is
 * passed one end of a socket pair over its QMP connection instead.
 */
final class OutgoingChannel implements AutoCloseable {
  private static final Duration CONNECT_TIME = Duration.ofSeconds(10);
  private static final String DESCRIPTOR_NAME = "fixedram-save";

  private final ByteChannel channel;

  private OutgoingChannel(ByteChannel channel) {
    this.channel = channel;
  }

  /**
   * Starts the migration.
   *
   * @throws FixedRamException if QEMU refuses to migrate, or no connection is possible
   */
  static OutgoingChannel start(OutgoingMigration migration, TransferListener listener) {
    MigrationState state;
    try (PrivateDirectory directory = PrivateDirectory.create();
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      Path socket = directory.resolve("migrate.sock");
      server.bind(UnixDomainSocketAddress.of(socket));
      server.configureBlocking(false);
      migration.begin("unix:" + socket);
      long until = System.nanoTime() + CONNECT_TIME.toNanos();
      do {
        Pause.of(Duration.ofMillis(2));
        state = migration.stateUnlessCancelled();
        // After the query, since a QEMU that has failed may have connected before.
        SocketChannel accepted = server.accept();
        if (accepted != null) {
          return new OutgoingChannel(accepted);
        }
      } while (state.isUnderWay() && System.nanoTime() < until);
    } catch (IOException e) {
      throw new StorageException("cannot listen for QEMU's migration: " + e.getMessage(), e);
    }
    if (!state.is("failed")) {
      throw new FixedRamException(
          state.isUnderWay()
              ? "QEMU has not connected to this process for "
                  + CONNECT_TIME.toSeconds()
                  + " s: it hangs or is very busy"
              : "the save was cut short: another client of QEMU cancelled the migration");
    }
    return handOver(migration, listener, state);
  }

  private static OutgoingChannel handOver(
      OutgoingMigration migration, TransferListener listener, MigrationState failed) {
    QmpClient qmp = migration.cancellable().qmp();
    if (!qmp.canPassDescriptors()) {
      throw new FixedRamException(
          "QEMU cannot connect to this process ("
              + failed.reason()
              + "): it runs on another host or as another user; connect to its QMP by a unix socket, or"
              + " have it migrate to a TCP port",
          Remedy.RECEIVE_OVER_TCP);
    }
    listener.note(
        "QEMU cannot connect to this process ("
            + failed.reason()
            + "), so it is handed a connected descriptor");
    return new OutgoingChannel(PassedSocket.pass(qmp, DESCRIPTOR_NAME, migration::begin));
  }

  ByteChannel channel() {
    return channel;
  }

  /** Ends the connection; from any thread. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The stream is complete or was abandoned, so this is harmless.
      System.getLogger(OutgoingChannel.class.getName())
          .log(System.Logger.Level.DEBUG, "closing the migration's connection", e);
    }
  }
}
