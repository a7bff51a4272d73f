// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The address of a socket, in the syntax of {@link #parse}; {@code toString} returns that syntax.
 */
public sealed interface Endpoint {

  /** A unix socket. */
  record Unix(Path path) implements Endpoint {
    @Override
    public String toString() {
      return "unix:" + path;
    }
  }

  /** A TCP port of a host, given by name or address; an IPv6 address has no brackets here. */
  record Tcp(String host, int port) implements Endpoint {
    /**
     * Connects to the port.
     *
     * @param timeout timeout for connecting
     * @throws FixedRamException if connecting fails
     */
    public SocketChannel connect(Duration timeout) {
      try {
        SocketChannel channel = SocketChannel.open();
        try {
          channel.socket().connect(new InetSocketAddress(host, port), (int) timeout.toMillis());
          return channel;
        } catch (IOException | RuntimeException | Error e) {
          channel.close();
          throw e;
        }
      } catch (IOException e) {
        throw new FixedRamException("cannot connect to " + this + ": " + e.getMessage(), e);
      }
    }

    @Override
    public String toString() {
      return "tcp:" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /**
   * Reads {@code unix:PATH}, a bare path, or {@code tcp:HOST:PORT} (an IPv6 address in brackets).
   *
   * @throws IllegalArgumentException if the text is none of these; the message is a sentence for
   *     the user
   */
  static Endpoint parse(String text) {
    if (text.startsWith("tcp:")) {
      return parseTcp(text);
    }
    String path = text.startsWith("unix:") ? text.substring("unix:".length()) : text;
    if (path.isEmpty()) {
      throw new IllegalArgumentException("'" + text + "' names no socket: give unix:PATH");
    }
    try {
      return new Unix(Path.of(path));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'" + text + "' is not a path: " + e.getReason(), e);
    }
  }

  private static Tcp parseTcp(String text) {
    Matcher parts = Pattern.compile("tcp:(?:\\[([^]]+)]|([^:\\[\\]]*)):(\\d{1,5})").matcher(text);
    if (!parts.matches() || Integer.parseInt(parts.group(3)) > 65535) {
      throw new IllegalArgumentException(
          "'" + text + "' is not tcp:HOST:PORT (an IPv6 address goes in brackets)");
    }
    String host = parts.group(1) != null ? parts.group(1) : parts.group(2);
    return new Tcp(host.isEmpty() ? "localhost" : host, Integer.parseInt(parts.group(3)));
  }
}
