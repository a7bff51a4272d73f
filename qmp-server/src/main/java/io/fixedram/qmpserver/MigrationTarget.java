// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.engine.Transport;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.qmp.Endpoint;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.function.Consumer;

/** Target of the command {@code migrate}. */
sealed interface MigrationTarget {
  /** Whether bytes can be written at any offset. */
  boolean isSeekable();

  /**
   * Opens the target and starts a migration to it.
   *
   * @param migrate starts the migration over a transport; if it throws, the target is closed again
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

  /** A socket on which the destination listens. */
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
      };
    }
  }
}
