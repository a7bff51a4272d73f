// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.qemu.qmp.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A QMP connection over TCP that can be cut, or left unanswered, while QEMU goes on. */
final class QmpProxy implements AutoCloseable {
  private final ServerSocketChannel server;
  private final SocketChannel qemu;
  private volatile SocketChannel client;
  private volatile boolean silent;

  private QmpProxy(ServerSocketChannel server, SocketChannel qemu) {
    this.server = server;
    this.qemu = qemu;
    this.client = qemu;
  }

  static QmpProxy to(Endpoint qmp) throws IOException {
    SocketChannel qemu =
        SocketChannel.open(UnixDomainSocketAddress.of(((Endpoint.Unix) qmp).path()));
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    QmpProxy proxy = new QmpProxy(server, qemu);
    Thread.ofPlatform().daemon().start(proxy::accept);
    return proxy;
  }

  /** Where its one client connects. */
  Endpoint endpoint() throws IOException {
    int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
    return new Endpoint.Tcp("127.0.0.1", port);
  }

  private void accept() {
    try {
      client = server.accept();
    } catch (IOException e) {
      return;
    }
    Thread.ofPlatform().daemon().start(() -> pump(client, qemu));
    pump(qemu, client);
  }

  private void pump(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    try {
      while (from.read(buffer) >= 0) {
        buffer.flip();
        if (silent && !to.equals(qemu)) {
          buffer.clear();
          continue;
        }
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        buffer.clear();
      }
    } catch (IOException e) {
      // It was cut.
    }
  }

  /** Has nothing that QEMU says get through any more. */
  void silence() {
    silent = true;
  }

  void cut() throws IOException {
    client.close();
    qemu.close();
  }

  @Override
  public void close() throws IOException {
    server.close();
    cut();
  }
}
