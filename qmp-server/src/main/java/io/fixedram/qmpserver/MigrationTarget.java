// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.engine.Transport;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.qmp.Endpoint;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.function.Consumer;

/** Where the command {@code migrate} sends a guest. */
sealed interface MigrationTarget {
  /** Whether bytes can go to any offset there. */
  boolean isSeekable();

  /**
   * Opens it and has a migration started over it.
   *
   * @param migrate starts one, or says why not; what was opened is closed again then
   */
  void start(Consumer<Transport> migrate);

  /** A file. */
  record File(Transport transport) implements MigrationTarget {
    @Override
    public boolean isSeekable() {
      return transport.isSeekable();
    }

    @Override
    public void start(Consumer<Transport> migrate) {
      migrate.accept(transport);
    }
  }

  /** A socket that somebody listens on. */
  record Socket(String uri, Endpoint endpoint) implements MigrationTarget {
    private static final Duration CONNECT_TIME = Duration.ofSeconds(10);

    @Override
    public boolean isSeekable() {
      return false;
    }

    @Override
    public void start(Consumer<Transport> migrate) {
      WritableByteChannel channel = connect();
      try {
        migrate.accept(Transport.channel(channel, uri));
      } catch (RuntimeException | Error e) {
        try {
          channel.close();
        } catch (IOException again) {
          e.addSuppressed(again);
        }
        throw e;
      }
    }

    private WritableByteChannel connect() {
      return switch (endpoint) {
        case Endpoint.Unix unix -> UnixSocket.connect(unix.path());
        case Endpoint.Tcp tcp -> tcp.connect(CONNECT_TIME);
        case Endpoint.StandardStreams streams ->
            throw new AssertionError(streams + " has another spelling");
      };
    }
  }
}
