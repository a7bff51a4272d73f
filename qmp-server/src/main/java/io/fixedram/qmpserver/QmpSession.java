// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A session with one client of a served guest. Messages to the client are queued, so that a client
 * that does not read blocks nothing else; if the queue grows too long, the connection is closed.
 */
final class QmpSession implements AutoCloseable {
  private static final int MAX_WAITING_BYTES = 4 << 20;
  private static final int BUFFER_BYTES = 1 << 14;

  /** Marks the end of the queue of outgoing messages. */
  private static final String END = "";

  private final SocketChannel channel;
  private final QmpCommands commands;
  private final BlockingQueue<String> outgoing = new LinkedBlockingQueue<>();
  private final AtomicInteger waitingBytes = new AtomicInteger();
  private final CountDownLatch written = new CountDownLatch(1);
  private volatile boolean negotiated;

  QmpSession(SocketChannel channel, QmpCommands commands) {
    this.channel = channel;
    this.commands = commands;
  }

  /** Serves the client until it disconnects or the server is closed. */
  void run() {
    Thread.ofVirtual().name("qmp writer").start(this::write);
    send(Map.of("QMP", Map.of("version", QmpCommands.version(), "capabilities", List.of())));
    read();
    end();
  }

  private void read() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    MessageSplitter splitter = new MessageSplitter();
    try {
      while (channel.read(buffer) >= 0) {
        buffer.flip();
        for (Optional<String> message = splitter.next(buffer);
            message.isPresent();
            message = splitter.next(buffer)) {
          answer(message.get());
        }
        buffer.clear();
      }
    } catch (FixedRamException e) {
      // Messages after invalid bytes can't be split.
      send(error(CommandException.GENERIC, e, Optional.empty()));
    } catch (IOException e) {
      log(e);
    }
  }

  private void answer(String message) {
    Optional<Json> id = Optional.empty();
    try {
      Json json = Json.parse(message);
      id = json.find("id");
      String name = json.get("execute").text();
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("return", execute(name, json));
      id.ifPresent(value -> answer.put("id", value.raw()));
      send(answer);
      commands.answered(name);
    } catch (CommandException e) {
      send(error(e.errorClass(), e, id));
    } catch (FixedRamException e) {
      send(error(CommandException.GENERIC, e, id));
    } catch (RuntimeException e) {
      // The guest's callbacks run here too and can throw anything.
      send(error(CommandException.GENERIC, new FixedRamException("the guest failed: " + e, e), id));
    }
  }

  private Object execute(String name, Json message) {
    Json arguments = message.find("arguments").orElse(Json.of(Map.of()));
    if (!(arguments.raw() instanceof Map)) {
      throw new FixedRamException("QMP input member 'arguments' must be an object");
    }
    if (name.equals("qmp_capabilities")) {
      negotiated = true;
      return Map.of();
    }
    if (!negotiated) {
      throw new CommandException(
          CommandException.NOT_FOUND, "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    return commands.run(name, arguments);
  }

  private static Map<String, Object> error(String errorClass, Throwable cause, Optional<Json> id) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("error", Map.of("class", errorClass, "desc", String.valueOf(cause.getMessage())));
    id.ifPresent(value -> answer.put("id", value.raw()));
    return answer;
  }

  /** Sends an event to the client if it has entered command mode. */
  void tell(GuestEvent event) {
    if (!negotiated) {
      return;
    }
    Instant now = Instant.now();
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("event", event.name());
    if (!event.data().isEmpty()) {
      message.put("data", event.data());
    }
    message.put(
        "timestamp", Map.of("seconds", now.getEpochSecond(), "microseconds", now.getNano() / 1000));
    send(message);
  }

  private void send(Map<String, Object> message) {
    offer(Json.of(message) + "\r\n");
  }

  private void offer(String message) {
    if (waitingBytes.addAndGet(message.length()) > MAX_WAITING_BYTES) {
      close();
      end();
    } else {
      outgoing.add(message);
    }
  }

  private void write() {
    try {
      for (String message = outgoing.take(); !message.equals(END); message = outgoing.take()) {
        ByteBuffer bytes = ByteBuffer.wrap(message.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        waitingBytes.addAndGet(-message.length());
      }
    } catch (IOException e) {
      log(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
      written.countDown();
    }
  }

  /** Ends the session after the queued messages are written. */
  void end() {
    outgoing.add(END);
  }

  /** Waits until the session has ended, and closes it after a timeout. */
  void awaitEnd(long untilNanos) {
    try {
      var _ = written.await(untilNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
    }
  }

  /** Logs an I/O error; a client may disconnect at any time. */
  private static void log(IOException e) {
    System.getLogger(QmpSession.class.getName())
        .log(System.Logger.Level.DEBUG, "a QMP client is gone", e);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      log(e);
    }
  }
}
