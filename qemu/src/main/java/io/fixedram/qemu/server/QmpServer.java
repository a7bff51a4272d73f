// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.server;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.file.WriteOptions;
import io.fixedram.os.UnixSocket;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Serves a guest on a unix socket, to any number of QMP clients at a time: those written for QEMU
 * find the commands that concern migration, {@code stop}, {@code cont} and {@code query-status}
 * ({@code query-commands} lists them all), and the events STOP, RESUME and, with the capability
 * {@code events} on, MIGRATION and MIGRATION_PASS.
 *
 * <p>Whoever can connect can stop the guest and have its memory written to any file that this
 * process can write. The socket is the user's alone; put it where nobody else can replace it.
 */
public final class QmpServer implements AutoCloseable {
  /** What clients have to read what was said to them before the server closed. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private static final Duration RETRY_TIME = Duration.ofMillis(100);

  private final Path socket;
  private final ServedGuest guest;
  private final QmpCommands commands;
  private final ServerSocketChannel listening;
  private final Set<QmpSession> sessions = ConcurrentHashMap.newKeySet();

  private QmpServer(
      Path socket, ServedGuest guest, QmpCommands commands, ServerSocketChannel listening) {
    this.socket = socket;
    this.guest = guest;
    this.commands = commands;
    this.listening = listening;
  }

  /**
   * Starts to serve a guest that no command ends.
   *
   * @param socket where; one that nobody listens on any more is replaced
   * @param options how {@code migrate file:PATH} writes
   * @throws StorageException if the socket can't be made
   */
  public static QmpServer start(Path socket, ServedGuest guest, WriteOptions options) {
    return start(socket, guest, new QmpCommands(guest, options, Optional.empty()));
  }

  /**
   * Starts to serve a guest that the command {@code quit} ends.
   *
   * @param quit is told of the command by a thread of the server, and must return soon
   */
  public static QmpServer start(
      Path socket, ServedGuest guest, WriteOptions options, Runnable quit) {
    return start(socket, guest, new QmpCommands(guest, options, Optional.of(quit)));
  }

  private static QmpServer start(Path socket, ServedGuest guest, QmpCommands commands) {
    try {
      removeAbandoned(socket);
      ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        listening.bind(UnixDomainSocketAddress.of(socket));
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      } catch (IOException e) {
        listening.close();
        throw e;
      }
      QmpServer server = new QmpServer(socket, guest, commands, listening);
      Thread.ofPlatform().daemon().name("qmp server").start(server::accept);
      return server;
    } catch (IOException e) {
      throw new StorageException("cannot listen on " + socket + ": " + e.getMessage(), e);
    }
  }

  private static void removeAbandoned(Path socket) throws IOException {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      UnixSocket.connect(socket).close();
    } catch (StorageException e) {
      if (Files.isRegularFile(socket) || Files.isDirectory(socket)) {
        throw new FixedRamException("cannot listen on " + socket + ": it exists, and is no socket");
      }
      Files.delete(socket);
      return;
    }
    throw new FixedRamException("cannot listen on " + socket + ": another process serves there");
  }

  private void accept() {
    while (listening.isOpen()) {
      try {
        QmpSession session = new QmpSession(listening.accept(), commands);
        sessions.add(session);
        Thread.ofVirtual().name("qmp session").start(() -> serve(session));
      } catch (ClosedChannelException e) {
        // One that came while the server was being closed.
        sessions.forEach(QmpSession::end);
      } catch (IOException e) {
        // No descriptor is free, say; there may be one soon.
        System.getLogger(QmpServer.class.getName())
            .log(System.Logger.Level.WARNING, "a QMP client cannot come to " + socket, e);
        LockSupport.parkNanos(RETRY_TIME.toNanos());
      }
    }
  }

  private void serve(QmpSession session) {
    Consumer<GuestEvent> teller = session::tell;
    guest.addListener(teller);
    try {
      session.run();
    } finally {
      guest.removeListener(teller);
      session.end();
      sessions.remove(session);
    }
  }

  /** Ends all sessions, each with what was said to it; a migration under way goes on. */
  @Override
  public void close() {
    try {
      listening.close();
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new StorageException("cannot remove " + socket + ": " + e.getMessage(), e);
    } finally {
      sessions.forEach(QmpSession::end);
      long until = System.nanoTime() + LAST_WORDS.toNanos();
      sessions.forEach(session -> session.awaitEnd(until));
    }
  }
}
