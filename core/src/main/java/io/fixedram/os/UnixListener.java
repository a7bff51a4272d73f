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

/** Makes listening unix sockets. */
public final class UnixListener {
  private static final int NAMES = 0x10000;

  /** A name may be in use, or left by a process that was killed. */
  private static final int MAX_TRIES = 16;

  private UnixListener() {}

  /**
   * Listens on a path. The kernel makes a socket's file some moments before anybody can connect to
   * it; here it gets its name afterwards, so that whoever waits for the file can connect at once.
   * The kernel goes on telling of it by a name of another file in the same directory.
   *
   * @param backlog how many may wait to be accepted, 0 for the JDK's default
   * @return the socket, whose file is the caller's to delete
   * @throws IOException if that is not possible, or there is a file of that name
   */
  public static ServerSocketChannel listen(Path path, int backlog) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      Path nameless = bind(channel, path, backlog);
      try {
        // Unlike a rename, a link does not replace what is there.
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

  /** Binds to a name that nobody knows, and which is there for a moment. */
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
