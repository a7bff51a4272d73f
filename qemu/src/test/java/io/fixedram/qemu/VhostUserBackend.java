// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * The other side of a vhost-user network that moves no packet: says that it has no features, and
 * hears the rest. Messages are those of QEMU's docs/interop/vhost-user.rst.
 */
final class VhostUserBackend implements AutoCloseable {
  private static final int HEADER_BYTES = 12;
  private static final int MAX_PAYLOAD_BYTES = 1 << 16;
  private static final int GET_FEATURES = 1;
  private static final int VERSION_1_REPLY = 1 | 4;

  private final ServerSocketChannel server;
  private final Path path;

  private VhostUserBackend(ServerSocketChannel server, Path path) {
    this.server = server;
    this.path = path;
  }

  static VhostUserBackend listen(Path path) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    VhostUserBackend backend = new VhostUserBackend(server, path);
    Thread.ofPlatform().daemon().name("vhost-user").start(backend::serve);
    return backend;
  }

  Path path() {
    return path;
  }

  private void serve() {
    while (server.isOpen()) {
      try (SocketChannel channel = server.accept()) {
        while (true) {
          answer(channel);
        }
      } catch (IOException e) {
        // QEMU has gone, or the test is over.
      }
    }
  }

  private static void answer(SocketChannel channel) throws IOException {
    ByteBuffer header = read(channel, HEADER_BYTES);
    int request = header.getInt();
    header.getInt();
    int payload = header.getInt();
    if (payload < 0 || payload > MAX_PAYLOAD_BYTES) {
      throw new IOException("a payload of " + payload + " bytes");
    }
    read(channel, payload);
    if (request == GET_FEATURES) {
      ByteBuffer reply =
          ByteBuffer.allocate(HEADER_BYTES + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      reply.putInt(request).putInt(VERSION_1_REPLY).putInt(Long.BYTES).putLong(0).flip();
      while (reply.hasRemaining()) {
        channel.write(reply);
      }
    }
  }

  private static ByteBuffer read(SocketChannel channel, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new IOException("QEMU has gone");
      }
    }
    return buffer.flip();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
