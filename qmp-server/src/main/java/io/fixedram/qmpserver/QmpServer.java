// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixListener;
import io.fixedram.os.UnixSocket;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import jdk.net.ExtendedSocketOptions;

/**
 * A QMP server for a guest on a unix socket, for any number of clients at a time. Clients of QEMU
 * find the migration commands, {@code stop}, {@code cont} and {@code query-status} ({@code
 * query-commands} lists all commands), and the events STOP, RESUME and, with the capability {@code
 * events} on, MIGRATION and MIGRATION_PASS.
 *
 * <p>A client can stop the guest and have its memory written to any file that this process can
 * write. Only the process's user and root are accepted, independent of the socket's mode. The
 * socket should be in a directory where other users can't replace it.
 */
public final class QmpServer implements AutoCloseable {
  /** Time for clients to read the last messages after the server was closed. */
  private static final Duration CLOSE_TIME = Duration.ofSeconds(1);

  private static final Duration RETRY_TIME = Duration.ofMillis(100);

  private static final String ROOT = "root";

  /** Mask of the file type in a file's mode, see inode(7). */
  private static final int FILE_TYPE_BITS = 0xf000;

  private static final int SOCKET_TYPE = 0xc000;

  private final Path socket;
  private final Owned owned;
  private final ServedGuest guest;
  private final QmpCommands commands;
  private final ServerSocketChannel listening;
  private final Thread accepting;
  private final Set<QmpSession> sessions = ConcurrentHashMap.newKeySet();

  /** The owner and the identity of the socket's file. */
  private record Owned(UserPrincipal user, Object key) {}

  private QmpServer(
      Path socket,
      Owned owned,
      ServedGuest guest,
      QmpCommands commands,
      ServerSocketChannel listening) {
    this.socket = socket;
    this.owned = owned;
    this.guest = guest;
    this.commands = commands;
    this.listening = listening;
    this.accepting = Thread.ofPlatform().daemon().name("qmp server").unstarted(this::accept);
  }

  /**
   * Starts a server without the command {@code quit}.
   *
   * @param socket path of the socket; a socket of that name on which no process listens is replaced
   * @param options options for {@code migrate file:PATH}
   * @throws StorageException if the socket can't be created
   */
  public static QmpServer start(Path socket, ServedGuest guest, WriteOptions options) {
    return start(socket, guest, new QmpCommands(guest, options, Optional.empty()));
  }

  /**
   * Starts a server with the command {@code quit}.
   *
   * @param quit called by a thread of the server on the command {@code quit}; must return soon
   */
  public static QmpServer start(
      Path socket, ServedGuest guest, WriteOptions options, Runnable quit) {
    return start(socket, guest, new QmpCommands(guest, options, Optional.of(quit)));
  }

  private static QmpServer start(Path socket, ServedGuest guest, QmpCommands commands) {
    try {
      removeAbandoned(socket);
      ServerSocketChannel listening = UnixListener.listen(socket, 0);
      try {
        QmpServer server = new QmpServer(socket, owned(socket), guest, commands, listening);
        server.accepting.start();
        return server;
      } catch (IOException | RuntimeException | Error e) {
        Files.deleteIfExists(socket);
        listening.close();
        throw e;
      }
    } catch (IOException e) {
      throw new StorageException("cannot listen on " + socket + ": " + e.getMessage(), e);
    }
  }

  private static Owned owned(Path socket) throws IOException {
    PosixFileAttributes made = Files.readAttributes(socket, PosixFileAttributes.class);
    return new Owned(made.owner(), made.fileKey());
  }

  private static void removeAbandoned(Path socket) throws IOException {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    int mode = (int) Files.getAttribute(socket, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & FILE_TYPE_BITS) != SOCKET_TYPE) {
      throw new FixedRamException("cannot listen on " + socket + ": it exists and is not a socket");
    }
    try {
      UnixSocket.connect(socket).close();
    } catch (StorageException e) {
      if (e.errno() == Errno.ECONNREFUSED.number()) {
        Files.delete(socket);
        return;
      }
      // Another error, such as a full backlog, means that a process listens.
    }
    throw new FixedRamException("cannot listen on " + socket + ": another process serves there");
  }

  private void accept() {
    while (listening.isOpen()) {
      try {
        take(listening.accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException | RuntimeException e) {
        // For example no free descriptor, which may change soon.
        System.getLogger(QmpServer.class.getName())
            .log(System.Logger.Level.WARNING, "a QMP client cannot come to " + socket, e);
        LockSupport.parkNanos(RETRY_TIME.toNanos());
      }
    }
  }

  private void take(SocketChannel client) throws IOException {
    try {
      if (isOwn(client)) {
        QmpSession session = new QmpSession(client, commands);
        sessions.add(session);
        Thread.ofVirtual().name("qmp session").start(() -> serve(session));
        return;
      }
    } catch (IOException | RuntimeException | Error e) {
      client.close();
      throw e;
    }
    client.close();
  }

  /**
   * Whether the client is this process's user or root; others can connect before the socket's mode
   * is set.
   */
  private boolean isOwn(SocketChannel client) throws IOException {
    UserPrincipal user = client.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    return user.equals(owned.user) || user.getName().equals(ROOT);
  }

  private void serve(QmpSession session) {
    Consumer<GuestEvent> teller = session::tell;
    try {
      guest.addListener(teller);
      session.run();
    } finally {
      guest.removeListener(teller);
      session.end();
      // With a timeout, since a client that only writes never reads its last messages.
      session.awaitEnd(System.nanoTime() + CLOSE_TIME.toNanos());
      sessions.remove(session);
    }
  }

  /** Whether the socket's file still exists; its name may be that of another server by now. */
  private boolean isStillThere() throws IOException {
    return Files.exists(socket, LinkOption.NOFOLLOW_LINKS)
        && owned.key.equals(
            Files.readAttributes(socket, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey());
  }

  /** Ends all sessions after their last messages; a migration in progress is not affected. */
  @Override
  public void close() {
    // While it listens, no other server takes its file for an abandoned one.
    try (listening) {
      if (isStillThere()) {
        Files.delete(socket);
      }
    } catch (IOException e) {
      throw new StorageException("cannot remove " + socket + ": " + e.getMessage(), e);
    } finally {
      // The sessions are complete after the accepting thread has ended.
      Threads.joinUninterruptibly(accepting);
      sessions.forEach(QmpSession::end);
      long until = System.nanoTime() + CLOSE_TIME.toNanos();
      sessions.forEach(session -> session.awaitEnd(until));
    }
  }
}
