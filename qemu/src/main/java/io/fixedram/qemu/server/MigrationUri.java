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
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The target of a migration as QEMU's {@code migrate} spells it: {@code file:PATH}, {@code
 * unix:PATH} or {@code tcp:HOST:PORT}.
 */
sealed interface MigrationUri {
  /** Whether bytes can go to any offset there. */
  boolean isSeekable();

  /** Has a migration started over it, with what was opened for it closed again if that fails. */
  void start(ServedGuest guest);

  /**
   * Reads a target, and leaves it alone.
   *
   * @param options how a file is written
   * @throws FixedRamException if it is not one
   */
  static MigrationUri parse(String uri, WriteOptions options) {
    try {
      if (uri.startsWith(File.PREFIX)) {
        return File.parse(uri, options);
      }
      if (uri.startsWith("unix:") || uri.startsWith("tcp:")) {
        return new Connection(uri, Endpoint.parse(uri));
      }
    } catch (IllegalArgumentException e) {
      throw new FixedRamException("cannot migrate: " + e.getMessage(), e);
    }
    throw new FixedRamException(
        "cannot migrate to '" + uri + "': give file:PATH, unix:PATH or tcp:HOST:PORT");
  }

  /** A file. */
  record File(Transport transport) implements MigrationUri {
    private static final String PREFIX = "file:";
    private static final String OFFSET = ",offset=";

    private static File parse(String uri, WriteOptions options) {
      String path = uri.substring(PREFIX.length());
      if (path.isEmpty()) {
        throw new FixedRamException("cannot migrate to '" + uri + "': it names no file");
      }
      if (path.contains(OFFSET)) {
        throw new FixedRamException(
            "cannot migrate to '" + uri + "': a save begins where its file does; give no offset");
      }
      try {
        return new File(Transport.file(Path.of(path), options));
      } catch (InvalidPathException e) {
        throw new FixedRamException("cannot migrate to '" + uri + "': " + e.getReason(), e);
      }
    }

    @Override
    public boolean isSeekable() {
      return transport.isSeekable();
    }

    @Override
    public void start(ServedGuest guest) {
      guest.migrate(transport);
    }
  }

  /** A socket that somebody listens on. */
  record Connection(String uri, Endpoint endpoint) implements MigrationUri {
    private static final Duration CONNECT_TIME = Duration.ofSeconds(10);

    @Override
    public boolean isSeekable() {
      return false;
    }

    @Override
    public void start(ServedGuest guest) {
      WritableByteChannel channel = connect();
      try {
        guest.migrate(Transport.channel(channel, uri));
      } catch (RuntimeException e) {
        close(channel);
        throw e;
      }
    }

    private WritableByteChannel connect() {
      return switch (endpoint) {
        case Endpoint.Unix unix -> UnixSocket.connect(unix.path());
        case Endpoint.Tcp tcp -> connect(tcp);
        case Endpoint.StandardStreams streams ->
            throw new AssertionError(streams + " has another spelling");
      };
    }

    private static WritableByteChannel connect(Endpoint.Tcp tcp) {
      try {
        SocketChannel channel = SocketChannel.open();
        try {
          channel
              .socket()
              .connect(
                  new InetSocketAddress(tcp.host(), tcp.port()), (int) CONNECT_TIME.toMillis());
          return channel;
        } catch (IOException e) {
          channel.close();
          throw e;
        }
      } catch (IOException e) {
        throw new FixedRamException("cannot connect to " + tcp + ": " + e.getMessage(), e);
      }
    }

    private static void close(WritableByteChannel channel) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new FixedRamException("cannot close the connection: " + e.getMessage(), e);
      }
    }
  }
}
