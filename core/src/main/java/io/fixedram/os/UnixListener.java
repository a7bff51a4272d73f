// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/** Creates listening unix sockets. */
public final class UnixListener {
  private static final int NAMES = 0x10000;

  /** A random name may be in use or left by a killed process. */
  private static final int MAX_TRIES = 16;

  private UnixListener() {}

  /**
   * Listens on a path. bind(2) creates a socket's file before listen(2) makes it connectable; here
   * the file gets its name afterwards, so that a client that waits for the file can connect at
   * once. The kernel still reports the socket by its first name, in the same directory.
   *
   * @param backlog maximum number of connections that wait to be accepted, 0 for the JDK's default
   * @return the socket; the caller deletes its file
   * @throws IOException if listening fails or the file exists
   */
  public static ServerSocketChannel listen(Path path, int backlog) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      Path nameless = bind(channel, path, backlog);
      try {
        // Unlike a rename, a link does not replace an existing file.
        Files.createLink(path, nameless);
      } catch (FileAlreadyExistsException e) {
        throw (IOException) new BindException("Address already in use").initCause(e);
      } finally {
        Files.delete(nameless);
      }
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /** Binds to a temporary random name. */
  private static Path bind(ServerSocketChannel channel, Path path, int backlog) throws IOException {
    for (int tries = 1; ; tries++) {
      Path nameless =
          path.resolveSibling(String.format(".%04x", ThreadLocalRandom.current().nextInt(NAMES)));
      try {
        channel.bind(UnixDomainSocketAddress.of(nameless), backlog);
        return nameless;
      } catch (BindException e) {
        if (tries == MAX_TRIES) {
          throw e;
        }
      }
    }
  }
}
