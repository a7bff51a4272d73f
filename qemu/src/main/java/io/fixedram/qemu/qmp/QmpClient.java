// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.UnixSocket;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A client of QEMU's machine protocol (QEMU's docs/interop/qmp-spec): commands with their answers,
 * and the events in between. Safe for use by several threads; a command of one does not hold up
 * those of another.
 *
 * <p>A client that was given a {@link Cancellation} has its commands end with a {@link
 * CancelledException} once that is cancelled, whether they are waited for or yet to be sent. {@link
 * #cleaningUp} and {@link #unheeding} give clients of the same connection for what is to be done
 * all the same.
 */
public final class QmpClient implements AutoCloseable {
  /** How long QEMU may take to greet: it does so at once, unless it already has a client. */
  private static final Duration GREETING_TIME = Duration.ofSeconds(5);

  /** How long an answer may take, where nothing else is said; QEMU holds its own lock for long. */
  public static final Duration ANSWER_TIME = Duration.ofSeconds(60);

  /** How long a wait goes on before it looks whether the end was asked for. */
  private static final long LOOK_NANOS = 50_000_000;

  private final QmpConnection connection;
  private final Cancellation cancellation;
  private final AnswerTime time;
  private final QmpEvents events;

  private QmpClient(
      QmpConnection connection, QmpEvents events, Cancellation cancellation, AnswerTime time) {
    this.connection = connection;
    this.events = events;
    this.cancellation = cancellation;
    this.time = time;
  }

  /**
   * Connects, waits for the greeting and enters command mode.
   *
   * @throws FixedRamException if nobody listens there, if it is not QMP, or if QEMU does not greet
   */
  public static QmpClient connect(Endpoint endpoint) {
    return connect(endpoint, GREETING_TIME);
  }

  /** The same with a QEMU that may take longer to greet, because it is just starting. */
  public static QmpClient connect(Endpoint endpoint, Duration greetingTime) {
    return connect(endpoint, greetingTime, new Cancellation());
  }

  /** The same for somebody who may ask for the end while QEMU is waited for. */
  public static QmpClient connect(Endpoint endpoint, Cancellation cancellation) {
    return connect(endpoint, GREETING_TIME, cancellation);
  }

  /** The same with a QEMU that may take longer to greet. */
  public static QmpClient connect(
      Endpoint endpoint, Duration greetingTime, Cancellation cancellation) {
    ByteChannel channel = open(endpoint, greetingTime, cancellation);
    QmpConnection connection = new QmpConnection(endpoint, channel);
    QmpClient client =
        new QmpClient(
            connection, connection.newEvents(), cancellation, new AnswerTime.Heeding(cancellation));
    try {
      client.greeting(greetingTime);
      client.execute("qmp_capabilities");
      return client;
    } catch (RuntimeException | Error e) {
      client.close();
      throw e;
    }
  }

  private static ByteChannel open(Endpoint endpoint, Duration patience, Cancellation cancellation) {
    return switch (endpoint) {
      case Endpoint.Unix unix -> openUnix(unix);
      case Endpoint.Tcp tcp -> openTcp(tcp, patience, cancellation);
      case Endpoint.StandardStreams streams ->
          throw new FixedRamException("QMP needs a socket: give unix:PATH or tcp:HOST:PORT");
    };
  }

  private static ByteChannel openUnix(Endpoint.Unix unix) {
    try {
      return UnixSocket.connect(unix.path());
    } catch (StorageException e) {
      // EAGAIN of asm-generic/errno-base.h: the queue of those who wait to be accepted is full.
      if (e.errno() == 11) {
        throw new FixedRamException(busy(unix), e);
      }
      throw new FixedRamException(e.getMessage() + "; is QEMU running, with -qmp " + unix + "?", e);
    }
  }

  /** In a thread of its own, since nothing ends the search for a host's name. */
  private static ByteChannel openTcp(
      Endpoint.Tcp tcp, Duration patience, Cancellation cancellation) {
    CompletableFuture<ByteChannel> connected = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("connecting to " + tcp)
        .start(() -> {
          try {
            ByteChannel channel = tcp.connect(patience);
            if (!connected.complete(channel)) {
              channel.close();
            }
          } catch (IOException | RuntimeException e) {
            connected.completeExceptionally(e);
          }
        });
    try {
      return await(
          connected,
          patience.multipliedBy(2),
          new AnswerTime.Heeding(cancellation),
          () -> new FixedRamException("cannot connect to " + tcp + ": nobody answers"));
    } finally {
      // Whoever connects after this has to close again.
      connected.cancel(false);
    }
  }

  private static String busy(Endpoint endpoint) {
    return endpoint
        + " does not greet: it seems to have a client already, and QEMU serves one at a time on a"
        + " QMP socket; close the other one, or give QEMU a second -qmp";
  }

  private void greeting(Duration patience) {
    await(connection.greeting(), patience, time, () -> new FixedRamException(busy(endpoint())));
  }

  /**
   * A client of the same connection for putting things back: its commands are sent whether or not
   * the user asks for the end. All of them together get a time, and once the end is asked for half
   * a second of it at most. Need not be closed.
   */
  public QmpClient cleaningUp(Duration all) {
    return new QmpClient(
        connection, events, cancellation, new AnswerTime.CleaningUp(all, cancellation));
  }

  /**
   * A client of the same connection for what must be done, whatever the user asks for. Need not be
   * closed.
   */
  public QmpClient unheeding() {
    return new QmpClient(connection, events, new Cancellation(), new AnswerTime.Unheeding());
  }

  /**
   * A client of the same connection for somebody else, which takes all events from now on without
   * taking them from this one, and heeds no request to end. Its latest events are kept until the
   * connection is closed, which this client need not do.
   */
  public QmpClient forAnother() {
    return new QmpClient(
        connection, connection.newEvents(), new Cancellation(), new AnswerTime.Unheeding());
  }

  /** The address it is connected to. */
  public Endpoint endpoint() {
    return connection.endpoint();
  }

  /** QEMU's version, from its greeting. */
  public QemuVersion version() {
    Json version = connection.greeting().join().get("version").get("qemu");
    return new QemuVersion(
        (int) version.get("major").number(),
        (int) version.get("minor").number(),
        (int) version.get("micro").number());
  }

  /** Runs a command that takes no arguments. */
  public Json execute(String command) {
    return execute(command, Map.of());
  }

  /**
   * Runs a command and waits for its answer.
   *
   * @param arguments texts, numbers, booleans, and maps and lists of them
   * @throws QmpException if QEMU refuses it
   * @throws QemuGoneException if QEMU goes away before it answers
   * @throws CancelledException if the user asks for the end; the command may be carried out later
   */
  public Json execute(String command, Map<String, ?> arguments) {
    return execute(command, arguments, ANSWER_TIME);
  }

  /**
   * The same with a limit of its own on the time that QEMU may take to answer.
   *
   * @throws LateAnswerException if it takes longer; the command may be carried out later
   */
  public Json execute(String command, Map<String, ?> arguments, Duration answerTime) {
    return send(command, arguments, OptionalInt.empty()).await(answerTime);
  }

  /** A command that QEMU was sent and whose answer is still to come. */
  public final class Sent {
    private final QmpConnection.Call call;

    private Sent(QmpConnection.Call call) {
      this.call = call;
    }

    /**
     * Waits for the answer, as {@link #execute(String, Map, Duration)} does.
     *
     * @throws LateAnswerException if it has not come in time; it can be waited for again
     */
    public Json await(Duration answerTime) {
      long beginNanos = System.nanoTime();
      return QmpClient.await(call.answer(), answerTime, time, () -> late(beginNanos));
    }

    private FixedRamException late(long beginNanos) {
      return new LateAnswerException(
          "QEMU at "
              + endpoint()
              + " has not answered '"
              + call.command()
              + "' for "
              + Math.max(1, (System.nanoTime() - beginNanos) / 1_000_000_000)
              + " s: it hangs or is very busy");
    }
  }

  /**
   * Sends a command and returns before it is answered. QEMU carries commands out in the order in
   * which they were sent.
   */
  public Sent send(String command) {
    return send(command, Map.of(), OptionalInt.empty());
  }

  private Sent send(String command, Map<String, ?> arguments, OptionalInt descriptor) {
    var _ = time.left(0);
    return new Sent(connection.send(command, arguments, descriptor));
  }

  /** Whether descriptors can be passed over this connection. */
  public boolean canPassDescriptors() {
    return connection.canPassDescriptors();
  }

  /**
   * The process that listens for this connection, which need not be the one that answers: somebody
   * may stand in between, or have made the socket for QEMU.
   *
   * @return its id, 0 if it is in a pid namespace that this process does not see into; empty if the
   *     connection is none of this host's
   */
  public OptionalInt peerProcess() {
    return connection.peerProcess();
  }

  /**
   * Runs a command that takes an open descriptor along ({@code getfd}, {@code add-fd}); it stays
   * open here.
   *
   * @throws FixedRamException if {@link #canPassDescriptors()} says no
   */
  public Json executeWithDescriptor(String command, Map<String, ?> arguments, int descriptor) {
    if (!canPassDescriptors()) {
      throw new FixedRamException("a descriptor cannot be passed over " + endpoint());
    }
    return send(command, arguments, OptionalInt.of(descriptor)).await(ANSWER_TIME);
  }

  /** Makes the exception to throw. */
  private interface Failure {
    FixedRamException make();
  }

  private static <T> T await(
      CompletableFuture<T> future, Duration patience, AnswerTime time, Failure late) {
    long until = System.nanoTime() + patience.toNanos();
    while (true) {
      long leftNanos = time.left(until - System.nanoTime());
      try {
        return future.get(Math.clamp(leftNanos, 0, LOOK_NANOS), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        if (leftNanos <= 0) {
          throw late.make();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FixedRamException("interrupted while QEMU was to answer", e);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof FixedRamException failure) {
          throw QmpConnection.again(failure);
        }
        throw new FixedRamException("the QMP connection failed: " + e.getCause(), e);
      }
    }
  }

  /**
   * The next event that has not been taken yet, waiting for one if need be, and for no longer than
   * that, whoever asks for the end. Events are few; of a long row that nobody takes, the oldest are
   * forgotten.
   *
   * @throws QemuGoneException if QEMU is gone and all its events were taken
   */
  public Optional<QmpEvent> nextEvent(Duration patience) {
    return events.next(patience);
  }

  /** Ends the connection, also for those who share it. */
  @Override
  public void close() {
    connection.close();
  }
}
