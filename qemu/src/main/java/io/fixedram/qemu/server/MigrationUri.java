// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.server;

import io.fixedram.engine.Transport;
import io.fixedram.error.FixedRamException;
import io.fixedram.file.WriteOptions;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.qmp.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The target of a migration as QEMU's {@code migrate} spells it: {@code file:PATH}, {@code
 * unix:PATH} or {@code tcp:HOST:PORT}. A connection is made when this is opened, and closed again
 * if no migration takes it.
 */
final class MigrationUri {
  private static final String FILE = "file:";
  private static final String OFFSET = ",offset=";
  private static final Duration CONNECT_TIME = Duration.ofSeconds(10);

  private final Transport transport;
  private final Optional<WritableByteChannel> connection;

  private MigrationUri(Transport transport, Optional<WritableByteChannel> connection) {
    this.transport = transport;
    this.connection = connection;
  }

  /**
   * Opens a target.
   *
   * @param options how a file is written
   * @throws FixedRamException if it is not one, or nobody listens there
   */
  static MigrationUri open(String uri, WriteOptions options) {
    if (uri.startsWith(FILE)) {
      return file(uri, options);
    }
    if (!uri.startsWith("unix:") && !uri.startsWith("tcp:")) {
      throw new FixedRamException(
          "cannot migrate to '" + uri + "': give file:PATH, unix:PATH or tcp:HOST:PORT");
    }
    return connected(uri);
  }

  private static MigrationUri file(String uri, WriteOptions options) {
    if (uri.contains(OFFSET)) {
      throw new FixedRamException(
          "cannot migrate to '" + uri + "': a save begins where its file does; give no offset");
    }
    Path path = Path.of(uri.substring(FILE.length()));
    return new MigrationUri(Transport.file(path, options), Optional.empty());
  }

  private static MigrationUri connected(String uri) {
    try {
      WritableByteChannel channel =
          switch (Endpoint.parse(uri)) {
            case Endpoint.Unix unix -> UnixSocket.connect(unix.path());
            case Endpoint.Tcp tcp -> connect(tcp);
            case Endpoint.StandardStreams streams ->
                throw new AssertionError(streams + " has another spelling");
          };
      return new MigrationUri(Transport.channel(channel, uri), Optional.of(channel));
    } catch (IllegalArgumentException e) {
      throw new FixedRamException("cannot migrate: " + e.getMessage(), e);
    }
  }

  private static WritableByteChannel connect(Endpoint.Tcp tcp) {
    try {
      SocketChannel channel = SocketChannel.open();
      try {
        channel
            .socket()
            .connect(new InetSocketAddress(tcp.host(), tcp.port()), (int) CONNECT_TIME.toMillis());
        return channel;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new FixedRamException("cannot connect to " + tcp + ": " + e.getMessage(), e);
    }
  }

  Transport transport() {
    return transport;
  }

  /** No migration took it. */
  void giveUp() {
    try {
      if (connection.isPresent()) {
        connection.get().close();
      }
    } catch (IOException e) {
      throw new FixedRamException("cannot close the connection: " + e.getMessage(), e);
    }
  }
}
