// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.InterruptibleChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A QMP connection: sends commands, passes each answer to its caller and each event to every queue.
 * A separate thread reads until the connection ends. Thread-safe.
 */
final class QmpConnection implements AutoCloseable {
  private final Endpoint endpoint;
  private final ByteChannel channel;
  private final AtomicLong lastId = new AtomicLong();
  private final Map<Long, Call> calls = new ConcurrentHashMap<>();
  private final CompletableFuture<Json> greeting = new CompletableFuture<>();
  private final List<QmpEvents> events = new CopyOnWriteArrayList<>();
  private final Object writing = new Object();
  private volatile Optional<FixedRamException> end = Optional.empty();

  /** A command that was sent. */
  record Call(long id, String command, CompletableFuture<Json> answer) {}

  /** Takes over an open channel and starts reading from it. */
  QmpConnection(Endpoint endpoint, ByteChannel channel) {
    this.endpoint = endpoint;
    this.channel = channel;
    try {
      Thread.ofPlatform().daemon().name("qmp " + endpoint).start(this::readUntilEnd);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  Endpoint endpoint() {
    return endpoint;
  }

  CompletableFuture<Json> greeting() {
    return greeting;
  }

  /** A new queue that receives all later events. */
  QmpEvents newEvents() {
    QmpEvents queue = new QmpEvents();
    events.add(queue);
    end.ifPresent(queue::end);
    return queue;
  }

  boolean canPassDescriptors() {
    return channel instanceof UnixSocket;
  }

  /** See {@link QmpClient#peerProcess}. */
  OptionalInt peerProcess() {
    return channel instanceof UnixSocket socket
        ? OptionalInt.of(socket.peerProcess())
        : OptionalInt.empty();
  }

  /**
   * Sends a command. QEMU executes commands in the order in which they were sent.
   *
   * @param descriptor descriptor to attach; stays open here
   */
  Call send(String command, Map<String, ?> arguments, OptionalInt descriptor) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("execute", command);
    if (!arguments.isEmpty()) {
      message.put("arguments", arguments);
    }
    Call call = new Call(lastId.incrementAndGet(), command, new CompletableFuture<>());
    message.put("id", call.id);
    calls.put(call.id, call);
    try {
      send(Json.of(message) + "\n", descriptor);
      return call;
    } catch (RuntimeException | Error e) {
      calls.remove(call.id);
      throw e;
    }
  }

  private void send(String message, OptionalInt descriptor) {
    ByteBuffer bytes = ByteBuffer.wrap(message.getBytes(StandardCharsets.UTF_8));
    synchronized (writing) {
      end.ifPresent(reason -> {
        throw again(reason);
      });
      try {
        if (descriptor.isPresent() && channel instanceof UnixSocket socket) {
          socket.sendWithDescriptor(bytes, descriptor.getAsInt());
        }
        write(bytes);
      } catch (IOException | UncheckedIOException | StorageException e) {
        throw end.map(QmpConnection::again).orElseGet(this::gone);
      }
    }
  }

  /** An interrupt would close a channel of Java's own, and what was changed in QEMU would stay. */
  private void write(ByteBuffer bytes) throws IOException {
    if (channel instanceof InterruptibleChannel) {
      Threads.withoutInterrupt(() -> {
        try {
          writeAll(bytes);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
    } else {
      writeAll(bytes);
    }
  }

  private void writeAll(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
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
    } catch (RuntimeException | Error e) {
      reason =
          new FixedRamException(
              endpoint
                  + " does not speak QMP ("
                  + e.getMessage()
                  + "); is it a -monitor instead of a -qmp?",
              e);
    }
    end(reason);
    // A thread that writes to a peer which is no longer read would block forever.
    close();
  }

  private QemuGoneException gone() {
    return new QemuGoneException("QEMU closed " + endpoint + ": it ended or was killed");
  }

  /**
   * A copy of the failure for another thread, since a shared exception would collect suppressed
   * exceptions of all threads.
   */
  static FixedRamException again(FixedRamException reason) {
    return switch (reason) {
      case QemuGoneException gone -> new QemuGoneException(String.valueOf(gone.getMessage()));
      case QmpException refused -> refused;
      default -> new FixedRamException(String.valueOf(reason.getMessage()), reason);
    };
  }

  private void end(FixedRamException reason) {
    end = Optional.of(reason);
    events.forEach(queue -> queue.end(reason));
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
      QmpEvent event = QmpEvents.read(message, receivedNanos);
      events.forEach(queue -> queue.add(event));
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
    Optional<Call> answered = Optional.ofNullable(calls.get(message.get("id").number()));
    if (answered.isEmpty()) {
      return;
    }
    // Removed only once it is answered: an invalid answer ends the connection, which fails all
    // calls in the map.
    Call call = answered.get();
    if (error.isPresent()) {
      call.answer.completeExceptionally(
          new QmpException(
              call.command, error.get().get("class").text(), error.get().get("desc").text()));
    } else {
      call.answer.complete(message.get("return"));
    }
    calls.remove(call.id);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // A failure to close the connection is harmless.
      end(gone());
    }
  }
}
