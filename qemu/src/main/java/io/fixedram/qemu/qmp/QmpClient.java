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
 * and events. Thread-safe; a thread that waits for an answer does not block commands of other
 * threads.
 *
 * <p>Commands of a client with a {@link Cancellation} throw a {@link CancelledException} once it is
 * cancelled, both pending and new ones. {@link #cleaningUp} and {@link #uncancellable} return
 * clients of the same connection for commands that must be executed even then.
 */
public final class QmpClient implements AutoCloseable {
  /** Timeout for QEMU's greeting, which is sent at once unless QEMU already has a client. */
  private static final Duration GREETING_TIME = Duration.ofSeconds(5);

  /** Default timeout for an answer; QEMU may hold its main lock for long. */
  public static final Duration ANSWER_TIME = Duration.ofSeconds(60);

  /** Interval between checks of the cancellation during a wait. */
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
   * @throws FixedRamException if connecting fails, the peer does not speak QMP, or QEMU sends no
   *     greeting
   */
  public static QmpClient connect(Endpoint endpoint) {
    return connect(endpoint, GREETING_TIME);
  }

  /** Connects with a timeout for the greeting, for a QEMU that is just starting. */
  public static QmpClient connect(Endpoint endpoint, Duration greetingTime) {
    return connect(endpoint, greetingTime, new Cancellation());
  }

  /** Connects with a cancellation that ends waits for QEMU. */
  public static QmpClient connect(Endpoint endpoint, Cancellation cancellation) {
    return connect(endpoint, GREETING_TIME, cancellation);
  }

  /** Connects with a timeout for the greeting and a cancellation that ends waits for QEMU. */
  public static QmpClient connect(
      Endpoint endpoint, Duration greetingTime, Cancellation cancellation) {
    ByteChannel channel = open(endpoint, greetingTime, cancellation);
    QmpConnection connection = new QmpConnection(endpoint, channel);
    QmpClient client =
        new QmpClient(
            connection,
            connection.newEvents(),
            cancellation,
            new AnswerTime.Cancellable(cancellation));
    try {
      client.greeting(greetingTime);
      client.execute("qmp_capabilities");
      return client;
    } catch (RuntimeException | Error e) {
      client.close();
      throw e;
    }
  }

  private static ByteChannel open(Endpoint endpoint, Duration timeout, Cancellation cancellation) {
    return switch (endpoint) {
      case Endpoint.Unix unix -> openUnix(unix);
      case Endpoint.Tcp tcp -> openTcp(tcp, timeout, cancellation);
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

  /** In a separate thread, since resolving a host's name can't be interrupted. */
  private static ByteChannel openTcp(
      Endpoint.Tcp tcp, Duration timeout, Cancellation cancellation) {
    CompletableFuture<ByteChannel> connected = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("connecting to " + tcp)
        .start(() -> {
          try {
            ByteChannel channel = tcp.connect(timeout);
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
          timeout.multipliedBy(2),
          new AnswerTime.Cancellable(cancellation),
          () -> new FixedRamException("cannot connect to " + tcp + ": nobody answers"));
    } finally {
      // A connection that is established after this is closed by its thread.
      connected.cancel(false);
    }
  }

  private static String busy(Endpoint endpoint) {
    return endpoint
        + " does not greet: it seems to have a client already, and QEMU serves one at a time on a"
        + " QMP socket; close the other one, or give QEMU a second -qmp";
  }

  private void greeting(Duration timeout) {
    await(connection.greeting(), timeout, time, () -> new FixedRamException(busy(endpoint())));
  }

  /**
   * A client of the same connection for cleanup commands, which are sent even after a cancellation.
   * All of them share one timeout, which is cut to half a second once the user has cancelled. Need
   * not be closed.
   */
  public QmpClient cleaningUp(Duration all) {
    return new QmpClient(
        connection, events, cancellation, new AnswerTime.CleaningUp(all, cancellation));
  }

  /** A client of the same connection that ignores the cancellation. Need not be closed. */
  public QmpClient uncancellable() {
    return new QmpClient(connection, events, new Cancellation(), new AnswerTime.Uncancellable());
  }

  /**
   * A client of the same connection with its own queue of all events from now on, and without a
   * cancellation. The latest events are kept until the connection is closed. The client itself need
   * not be closed.
   */
  public QmpClient forAnother() {
    return new QmpClient(
        connection, connection.newEvents(), new Cancellation(), new AnswerTime.Uncancellable());
  }

  /** The address that the client is connected to. */
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
   * @throws QmpException if QEMU refuses the command
   * @throws QemuGoneException if QEMU closes the connection before it answers
   * @throws CancelledException if cancelled; QEMU may execute the command later
   */
  public Json execute(String command, Map<String, ?> arguments) {
    return execute(command, arguments, ANSWER_TIME);
  }

  /**
   * Runs a command and waits for its answer with a timeout.
   *
   * @throws LateAnswerException if QEMU has not answered in time; it may execute the command later
   */
  public Json execute(String command, Map<String, ?> arguments, Duration answerTime) {
    return send(command, arguments, OptionalInt.empty()).await(answerTime);
  }

  /**
   * Runs a command that not every version or configuration of QEMU supports.
   *
   * @return the answer; empty if QEMU refuses the command
   */
  public Optional<Json> executeIfKnown(String command, Map<String, ?> arguments) {
    try {
      return Optional.of(execute(command, arguments));
    } catch (QmpException e) {
      return Optional.empty();
    }
  }

  /** A command that was sent to QEMU and whose answer can be waited for. */
  public final class Sent {
    private final QmpConnection.Call call;

    private Sent(QmpConnection.Call call) {
      this.call = call;
    }

    /**
     * Waits for the answer, as {@link #execute(String, Map, Duration)} does.
     *
     * @throws LateAnswerException if the answer has not come in time; this method can be called
     *     again
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
   * Sends a command without waiting for its answer. QEMU executes commands in the order in which
   * they were sent.
   */
  public Sent send(String command) {
    return send(command, Map.of(), OptionalInt.empty());
  }

  /**
   * Tells QEMU to end, and waits until it answers or has ended: it may drop a command whose sender
   * has closed the connection since.
   *
   * @throws LateAnswerException if neither happens in time
   */
  public void quit(Duration answerTime) {
    try {
      var _ = send("quit").await(answerTime);
    } catch (QemuGoneException e) {
      // It has ended.
    }
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
   * Id of the process that listens for this connection. It need not be the QEMU that answers: it
   * may be a proxy, or a process that created the socket for QEMU.
   *
   * @return the process id; 0 if the process is in a pid namespace that is not visible here; empty
   *     if the connection is not a unix socket
   */
  public OptionalInt peerProcess() {
    return connection.peerProcess();
  }

  /**
   * Runs a command with an attached descriptor ({@code getfd}, {@code add-fd}), which stays open
   * here.
   *
   * @throws FixedRamException if {@link #canPassDescriptors()} is false
   */
  public Json executeWithDescriptor(String command, Map<String, ?> arguments, int descriptor) {
    if (!canPassDescriptors()) {
      throw new FixedRamException("a descriptor cannot be passed over " + endpoint());
    }
    return send(command, arguments, OptionalInt.of(descriptor)).await(ANSWER_TIME);
  }

  /** Creates the exception to throw. */
  private interface Failure {
    FixedRamException make();
  }

  private static <T> T await(
      CompletableFuture<T> future, Duration timeout, AnswerTime time, Failure late) {
    long until = System.nanoTime() + timeout.toNanos();
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
   * Takes the next event from the queue, waiting for one with a timeout; a cancellation does not
   * end the wait. Of more than 4096 queued events the oldest are dropped.
   *
   * @throws QemuGoneException if the connection is closed and all its events were taken
   */
  public Optional<QmpEvent> nextEvent(Duration timeout) {
    return events.next(timeout);
  }

  /** Closes the connection, also for other clients of it. */
  @Override
  public void close() {
    connection.close();
  }
}
