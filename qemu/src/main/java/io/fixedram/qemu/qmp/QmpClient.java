// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A connection to QEMU's machine protocol (QEMU's docs/interop/qmp-spec): commands with their
 * answers, and the events in between. Safe for use by several threads; a command of one does not
 * hold up those of another. A thread of its own reads what QEMU says until {@link #close()}.
 */
public final class QmpClient implements AutoCloseable {
  /** How long QEMU may take to greet: it does so at once, unless it already has a client. */
  private static final Duration GREETING_TIME = Duration.ofSeconds(5);

  /** How long an answer may take, where nothing else is said; QEMU holds its own lock for long. */
  public static final Duration ANSWER_TIME = Duration.ofSeconds(60);

  private final Endpoint endpoint;
  private final ByteChannel channel;
  private final AtomicLong lastId = new AtomicLong();
  private final Map<Long, Call> calls = new ConcurrentHashMap<>();
  private final CompletableFuture<Json> greeting = new CompletableFuture<>();
  private final QmpEvents events = new QmpEvents();
  private final Object writing = new Object();
  private volatile Optional<FixedRamException> end = Optional.empty();

  /** A command whose answer is awaited. */
  private record Call(String command, CompletableFuture<Json> answer) {}

  private QmpClient(Endpoint endpoint, ByteChannel channel) {
    this.endpoint = endpoint;
    this.channel = channel;
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
    QmpClient client = new QmpClient(endpoint, open(endpoint, greetingTime));
    try {
      Thread.ofPlatform().daemon().name("qmp " + endpoint).start(client::readUntilEnd);
      client.greeting(greetingTime);
      client.execute("qmp_capabilities");
      return client;
    } catch (FixedRamException e) {
      client.close();
      throw e;
    }
  }

  private static ByteChannel open(Endpoint endpoint, Duration patience) {
    return switch (endpoint) {
      case Endpoint.Unix unix -> openUnix(unix);
      case Endpoint.Tcp tcp -> tcp.connect(patience);
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

  private static String busy(Endpoint endpoint) {
    return endpoint
        + " does not greet: it seems to have a client already, and QEMU serves one at a time on a"
        + " QMP socket; close the other one, or give QEMU a second -qmp";
  }

  private void greeting(Duration patience) {
    await(greeting, patience, () -> new FixedRamException(busy(endpoint)));
  }

  /** The address it is connected to. */
  public Endpoint endpoint() {
    return endpoint;
  }

  /** QEMU's version, from its greeting. */
  public QemuVersion version() {
    Json version = greeting.join().get("version").get("qemu");
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
   */
  public Json execute(String command, Map<String, ?> arguments) {
    return execute(command, arguments, ANSWER_TIME);
  }

  /**
   * The same with a limit of its own on the time that QEMU may take to answer.
   *
   * @throws FixedRamException if it takes longer; the command may be carried out later
   */
  public Json execute(String command, Map<String, ?> arguments, Duration answerTime) {
    return execute(command, arguments, answerTime, this::writeAll);
  }

  /** Whether descriptors can be passed over this connection. */
  public boolean canPassDescriptors() {
    return channel instanceof UnixSocket;
  }

  /**
   * Runs a command that takes an open descriptor along ({@code getfd}, {@code add-fd}); it stays
   * open here.
   *
   * @throws FixedRamException if {@link #canPassDescriptors()} says no
   */
  public Json executeWithDescriptor(String command, Map<String, ?> arguments, int descriptor) {
    if (!(channel instanceof UnixSocket socket)) {
      throw new FixedRamException("a descriptor cannot be passed over " + endpoint);
    }
    return execute(
        command, arguments, ANSWER_TIME, message -> socket.sendWithDescriptor(message, descriptor));
  }

  /** Puts a message on the wire. */
  private interface Sending {
    void send(ByteBuffer message) throws IOException;
  }

  private Json execute(
      String command, Map<String, ?> arguments, Duration answerTime, Sending sending) {
    long id = lastId.incrementAndGet();
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("execute", command);
    if (!arguments.isEmpty()) {
      message.put("arguments", arguments);
    }
    message.put("id", id);
    Call call = new Call(command, new CompletableFuture<>());
    calls.put(id, call);
    try {
      send(Json.of(message) + "\n", sending);
      return await(
          call.answer,
          answerTime,
          () ->
              new FixedRamException(
                  "QEMU at "
                      + endpoint
                      + " has not answered '"
                      + command
                      + "' for "
                      + answerTime.toSeconds()
                      + " s: it hangs or is very busy"));
    } finally {
      calls.remove(id);
    }
  }

  private void send(String message, Sending sending) {
    synchronized (writing) {
      end.ifPresent(reason -> {
        throw again(reason);
      });
      try {
        sending.send(ByteBuffer.wrap(message.getBytes(StandardCharsets.UTF_8)));
      } catch (IOException | StorageException e) {
        throw end.map(QmpClient::again).orElseGet(this::gone);
      }
    }
  }

  private void writeAll(ByteBuffer message) throws IOException {
    while (message.hasRemaining()) {
      channel.write(message);
    }
  }

  /** Makes the exception to throw. */
  private interface Failure {
    FixedRamException make();
  }

  private static Json await(CompletableFuture<Json> future, Duration patience, Failure late) {
    try {
      return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw late.make();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while QEMU was to answer", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FixedRamException failure) {
        throw again(failure);
      }
      throw new FixedRamException("the QMP connection failed: " + e.getCause(), e);
    }
  }

  /**
   * The next event that has not been taken yet, waiting for one if need be. Events are few; of a
   * long row that nobody takes, the oldest are forgotten.
   *
   * @throws QemuGoneException if QEMU is gone and all its events were taken
   */
  public Optional<QmpEvent> nextEvent(Duration patience) {
    return events.next(patience);
  }

  private void readUntilEnd() {
    FixedRamException reason;
    try {
      LineReader lines = new LineReader(channel);
      Optional<String> line = lines.next();
      while (line.isPresent()) {
        dispatch(line.get());
        line = lines.next();
      }
      reason = gone();
    } catch (IOException | StorageException e) {
      reason = gone();
    } catch (RuntimeException e) {
      reason =
          new FixedRamException(
              endpoint
                  + " does not speak QMP ("
                  + e.getMessage()
                  + "); is it a -monitor instead of a -qmp?",
              e);
    }
    end(reason);
  }

  private QemuGoneException gone() {
    return new QemuGoneException("QEMU closed " + endpoint + ": it ended or was killed");
  }

  /** The same failure for one more thread: an exception that is shared gathers what is not its. */
  static FixedRamException again(FixedRamException reason) {
    return switch (reason) {
      case QemuGoneException gone -> new QemuGoneException(String.valueOf(gone.getMessage()));
      case QmpException refused -> refused;
      default -> new FixedRamException(String.valueOf(reason.getMessage()), reason);
    };
  }

  private void end(FixedRamException reason) {
    end = Optional.of(reason);
    events.end(reason);
    greeting.completeExceptionally(reason);
    calls.values().forEach(call -> call.answer.completeExceptionally(reason));
  }

  private void dispatch(String line) {
    long receivedNanos = System.nanoTime();
    if (line.isBlank()) {
      return;
    }
    Json message = Json.parse(line);
    if (message.find("event").isPresent()) {
      events.add(QmpEvents.read(message, receivedNanos));
    } else if (message.find("QMP").isPresent()) {
      greeting.complete(message.get("QMP"));
    } else {
      answer(message);
    }
  }

  private void answer(Json message) {
    Optional<Json> error = message.find("error");
    if (message.find("id").isEmpty()) {
      throw new FixedRamException(
          "it complained: " + error.map(Json::toString).orElse("an answer to no command"));
    }
    Optional<Call> waiting = Optional.ofNullable(calls.get(message.get("id").number()));
    if (waiting.isEmpty()) {
      // Nobody waited so long.
      return;
    }
    Call call = waiting.get();
    if (error.isPresent()) {
      call.answer.completeExceptionally(
          new QmpException(
              call.command, error.get().get("class").text(), error.get().get("desc").text()));
    } else {
      call.answer.complete(message.get("return"));
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing is lost with a connection that cannot even be closed.
      end(gone());
    }
  }
}
