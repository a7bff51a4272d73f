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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ThreadLocalRandom;

/** Creates listening unix sockets. */
public final class UnixListener {
  private static final int NAMES = 0x10000;

  /** A random name may be in use or left by a killed process. */
  private static final int MAX_TRIES = 16;

  private UnixListener() {}

  /**
   * Listens on a path, with mode 0600. bind(2) creates a socket's file with the mode that the umask
   * leaves, and before listen(2) makes it connectable; here both happen in a directory that nobody
   * else can enter, and the file gets its name afterwards. So nobody else can ever connect, and a
   * client that waits for the file can connect at once. The kernel still reports the socket by its
   * first name, below the same directory.
   *
   * @param backlog maximum number of connections that wait to be accepted, 0 for the JDK's default
   * @return the socket; the caller deletes its file
   * @throws IOException if listening fails or the file exists
   */
  public static ServerSocketChannel listen(Path path, int backlog) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      Path room = makeRoom(path);
      try {
        bind(channel, room.resolve("s"), path, backlog);
      } finally {
        Files.delete(room);
      }
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static void bind(ServerSocketChannel channel, Path nameless, Path path, int backlog)
      throws IOException {
    try {
      channel.bind(UnixDomainSocketAddress.of(nameless), backlog);
      Files.setPosixFilePermissions(nameless, PosixFilePermissions.fromString("rw-------"));
      // Unlike a rename, a link does not replace an existing file.
      Files.createLink(path, nameless);
    } catch (FileAlreadyExistsException e) {
      throw (IOException) new BindException("Address already in use").initCause(e);
    } finally {
      Files.deleteIfExists(nameless);
    }
  }

  /** Makes a directory with mode 0700 and a random name beside a file. */
  private static Path makeRoom(Path path) throws IOException {
    for (int tries = 1; ; tries++) {
      Path room =
          path.resolveSibling(String.format(".%04x", ThreadLocalRandom.current().nextInt(NAMES)));
      try {
        return Files.createDirectory(
            room,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileAlreadyExistsException e) {
        if (tries == MAX_TRIES) {
          throw e;
        }
      }
    }
  }
}
