// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.UnixListener;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.transfer.TransferListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;

/** Opens the connection for a stream that is received or sent without QMP. */
final class StreamSockets {
  private StreamSockets() {}

  /** Listens and accepts one connection. */
  static SocketChannel accept(
      Endpoint endpoint, TransferListener listener, Cancellation cancellation) {
    SocketAddress address = address(endpoint, cancellation);
    try (ServerSocketChannel server = listen(address);
        Cancellation.Registration _ = cancellation.onCancel(() -> closeQuietly(server))) {
      try {
        tell(endpoint, address, listener);
        return server.accept();
      } finally {
        if (address instanceof UnixDomainSocketAddress unix) {
          Files.deleteIfExists(unix.getPath());
        }
      }
    } catch (IOException e) {
      if (cancellation.isCancelled()) {
        throw new CancelledException();
      }
      throw StorageException.of("cannot listen on " + endpoint, e);
    }
  }

  /** Says who can connect, which is not seen from the name of a host. */
  private static void tell(Endpoint endpoint, SocketAddress address, TransferListener listener) {
    boolean local = true;
    if (address instanceof InetSocketAddress inet) {
      local = inet.getAddress().isLoopbackAddress();
      if (!local) {
        listener.warning(
            "other hosts can reach "
                + endpoint
                + ": whoever connects first decides what is saved, and nothing is encrypted");
      }
    }
    listener.note("listening on " + endpoint + (local ? ", which only this host can reach" : ""));
  }

  private static ServerSocketChannel listen(SocketAddress address) throws IOException {
    if (address instanceof UnixDomainSocketAddress unix) {
      return UnixListener.listen(unix.getPath(), 1);
    }
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      return server.bind(address, 1);
    } catch (IOException | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  static SocketChannel connect(Endpoint endpoint, Cancellation cancellation) {
    SocketAddress address = address(endpoint, cancellation);
    try {
      SocketChannel channel =
          address instanceof UnixDomainSocketAddress
              ? SocketChannel.open(StandardProtocolFamily.UNIX)
              : SocketChannel.open();
      try (Cancellation.Registration _ = cancellation.onCancel(() -> closeQuietly(channel))) {
        channel.connect(address);
        return channel;
      } catch (IOException | RuntimeException | Error e) {
        closeQuietly(channel);
        throw e;
      }
    } catch (IOException e) {
      if (cancellation.isCancelled()) {
        throw new CancelledException();
      }
      throw StorageException.of("cannot connect to " + endpoint, e);
    }
  }

  private static SocketAddress address(Endpoint endpoint, Cancellation cancellation) {
    return switch (endpoint) {
      case Endpoint.Unix unix -> UnixDomainSocketAddress.of(unix.path());
      // Resolving the name can take long.
      case Endpoint.Tcp tcp -> cancellation.await(() -> resolved(tcp));
    };
  }

  private static InetSocketAddress resolved(Endpoint.Tcp tcp) {
    InetSocketAddress address = new InetSocketAddress(tcp.host(), tcp.port());
    if (address.isUnresolved()) {
      throw new FixedRamException("unknown host " + tcp.host());
    }
    return address;
  }

  /** Closes a channel, to wake threads that are blocked on it. */
  static void closeQuietly(Channel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      System.getLogger(StreamSockets.class.getName())
          .log(System.Logger.Level.DEBUG, "closing a stream's connection", e);
    }
  }
}
