// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.qmp.Endpoint;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Hands what one client says on to a socket, and what comes from there back; no descriptors. */
final class UnixProxy implements AutoCloseable {
  private final ServerSocketChannel server;
  private final SocketChannel qemu;
  private final Path path;

  private UnixProxy(ServerSocketChannel server, SocketChannel qemu, Path path) {
    this.server = server;
    this.qemu = qemu;
    this.path = path;
  }

  static UnixProxy to(Endpoint qmp, Path path) throws IOException {
    SocketChannel qemu =
        SocketChannel.open(UnixDomainSocketAddress.of(((Endpoint.Unix) qmp).path()));
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    UnixProxy proxy = new UnixProxy(server, qemu, path);
    Thread.ofPlatform().daemon().name("proxy").start(proxy::serve);
    return proxy;
  }

  Endpoint endpoint() {
    return new Endpoint.Unix(path);
  }

  private void serve() {
    try (SocketChannel client = server.accept()) {
      Thread.ofPlatform().daemon().name("proxy back").start(() -> pump(qemu, client));
      pump(client, qemu);
    } catch (IOException e) {
      // The test is over.
    }
  }

  private static void pump(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    try {
      while (from.read(buffer) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        buffer.clear();
      }
    } catch (IOException e) {
      // One side has gone.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    qemu.close();
  }
}
