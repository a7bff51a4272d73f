// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.qemu.qmp.Endpoint;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Stands between a restore and QEMU, with QMP over TCP and the connection for pages in a socket of
 * its own, which QEMU is told instead of the one that the restore names. QEMU's last message, that
 * it has all pages, does not get through.
 */
final class PageProxy implements AutoCloseable {
  private static final Pattern SOCKET = Pattern.compile("unix:([^\"]*)/incoming.sock");
  private static final int SHUT = 1;

  private final ServerSocketChannel server;
  private final SocketChannel qemu;
  private final Path behind;
  private volatile Optional<SocketChannel> pages = Optional.empty();

  private PageProxy(ServerSocketChannel server, SocketChannel qemu, Path behind) {
    this.server = server;
    this.qemu = qemu;
    this.behind = behind;
  }

  /** Prepares; the directory is for QEMU's own socket. */
  static PageProxy to(Endpoint qmp, Path directory) throws IOException {
    SocketChannel qemu =
        SocketChannel.open(UnixDomainSocketAddress.of(((Endpoint.Unix) qmp).path()));
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    PageProxy proxy = new PageProxy(server, qemu, directory.resolve("behind.sock"));
    start(proxy::serve);
    return proxy;
  }

  Endpoint endpoint() throws IOException {
    int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
    return new Endpoint.Tcp("127.0.0.1", port);
  }

  /** Cuts the connection for pages. */
  void cutPages() throws IOException {
    pages.orElseThrow().close();
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void start(Work work) {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            work.run();
          } catch (IOException e) {
            // One of the two sides has closed.
          }
        });
  }

  private void serve() throws IOException {
    SocketChannel client = server.accept();
    start(() -> pump(qemu, client));
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    while (client.read(buffer.clear()) >= 0) {
      String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
      Matcher named = SOCKET.matcher(text);
      if (named.find()) {
        // Before QEMU is told, after whose answer the restore connects.
        ServerSocketChannel front = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        front.bind(UnixDomainSocketAddress.of(Path.of(named.group(1), "incoming.sock")));
        start(() -> forwardPages(front));
        text = named.replaceFirst(Matcher.quoteReplacement("unix:" + behind));
      }
      write(qemu, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }
  }

  private void forwardPages(ServerSocketChannel front) throws IOException {
    try (front) {
      SocketChannel client = front.accept();
      SocketChannel far = SocketChannel.open(UnixDomainSocketAddress.of(behind));
      pages = Optional.of(far);
      start(() -> pump(client, far));
      try (client) {
        forwardMessages(far, client);
      }
    }
  }

  /** Messages of the return path: be16 type, be16 length, and as many bytes. */
  private static void forwardMessages(SocketChannel from, SocketChannel to) throws IOException {
    DataInputStream in = new DataInputStream(Channels.newInputStream(from));
    DataOutputStream out = new DataOutputStream(Channels.newOutputStream(to));
    while (true) {
      int type = in.readUnsignedShort();
      byte[] content = in.readNBytes(in.readUnsignedShort());
      if (type == SHUT) {
        return;
      }
      ByteBuffer message = ByteBuffer.allocate(4 + content.length);
      message.putShort((short) type).putShort((short) content.length).put(content);
      out.write(message.array());
    }
  }

  private static void pump(SocketChannel from, SocketChannel to) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    while (from.read(buffer) >= 0) {
      write(to, buffer.flip());
      buffer.clear();
    }
  }

  private static void write(SocketChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    qemu.close();
    if (pages.isPresent()) {
      pages.get().close();
    }
  }
}
