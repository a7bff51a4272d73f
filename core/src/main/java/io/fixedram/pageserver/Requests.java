// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlocks;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixSocket;
import io.fixedram.stream.ReturnPathDecoder;
import io.fixedram.stream.ReturnPathDecoder.Message;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * What the destination asks for, read by a thread of its own so that the time at which it asked is
 * known. A destination asks for no page twice and waits for each, so that only a broken one fills
 * the queue.
 */
final class Requests implements AutoCloseable {
  private static final int MAX_WAITING = 4096;
  private static final long PATIENCE_MILLIS = 50;

  private final ReturnPathDecoder returnPath;
  private final UnixSocket socket;
  private final String name;
  private final ArrayBlockingQueue<Event> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
  private final Thread thread;
  private volatile boolean allSent;
  private volatile boolean overflowed;
  private volatile Optional<End> end = Optional.empty();

  /**
   * Somebody in the guest waits.
   *
   * @param pages for what
   * @param receivedNanos since when we know, as {@link System#nanoTime()}
   */
  record Request(Message.PagesRequest pages, long receivedNanos) implements Event {}

  /** What whoever awaits a request is woken by. */
  sealed interface Event permits Request, Wake {}

  /** Something else happened. */
  record Wake() implements Event {}

  /** Why nothing more comes. */
  private sealed interface End {
    record Shut() implements End {}

    record Failed(FixedRamException reason) implements End {}
  }

  /** Starts to read what a destination sends back. */
  Requests(UnixSocket socket, String name, RamBlocks blocks) {
    this.returnPath = new ReturnPathDecoder(ByteSource.of(socket, name), name, blocks);
    this.socket = socket;
    this.name = name;
    try {
      this.thread = Thread.ofPlatform().daemon().name("page requests").start(this::readUntilEnd);
    } catch (RuntimeException | Error e) {
      returnPath.close();
      throw e;
    }
  }

  // Whatever ends this thread must reach the one that waits for the end.
  @SuppressWarnings("CatchThrowable")
  private void readUntilEnd() {
    try {
      end = Optional.of(read());
    } catch (Throwable e) {
      end =
          Optional.of(new End.Failed(FixedRamException.of("reading from " + name + " failed", e)));
    }
  }

  private End read() {
    while (true) {
      Optional<Message> message = returnPath.next();
      if (message.isEmpty()) {
        throw gone(name);
      }
      switch (message.get()) {
        case Message.PagesRequest pages -> {
          if (!waiting.offer(new Request(pages, System.nanoTime()))) {
            overflowed = true;
          }
        }
        case Message.Shut(int status) when status != 0 ->
            throw new StorageException(
                name + " gave up loading (status " + status + "); its own output says why", 0);
        case Message.Shut _ when !allSent ->
            throw new ProtocolException(name + " says it has all pages before they were sent");
        case Message.Shut _ -> {
          return new End.Shut();
        }
        case Message.Other _ -> {
          // Answers to what was not asked.
        }
      }
    }
  }

  static StorageException gone(String name) {
    return new StorageException(name + " closed the connection before it had all pages", 0);
  }

  /** The request that has waited longest. */
  Optional<Request> poll() {
    Event next = waiting.poll();
    while (next instanceof Wake) {
      next = waiting.poll();
    }
    return next instanceof Request request ? Optional.of(request) : Optional.empty();
  }

  /** Has {@link #await} return; any thread may call this. */
  void wake() {
    var _ = waiting.offer(new Wake());
  }

  /** The same, waiting for one for a while, or until {@link #wake}. */
  Optional<Request> await(Duration patience) {
    try {
      Event next = waiting.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
      return next instanceof Request request ? Optional.of(request) : Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while QEMU may need pages", e);
    }
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /**
   * Returns if more can come.
   *
   * @throws FixedRamException why nothing can
   */
  void check() {
    if (end.isPresent() && end.get() instanceof End.Failed failed) {
      throw failed.reason();
    }
  }

  /** Whether there was no room for some, which are known to nobody and come with all the rest. */
  boolean overflowed() {
    return overflowed;
  }

  /** Says that all pages are about to have been sent, after which the destination may end. */
  void allSent() {
    allSent = true;
  }

  /**
   * Waits until the destination has said that it has all; what it asks for meanwhile is on its way,
   * or zero and no longer needed from here.
   *
   * @throws FixedRamException if it ends otherwise
   */
  void awaitShut() {
    try {
      while (end.isEmpty()) {
        var _ = waiting.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FixedRamException("interrupted while QEMU took the last pages", e);
    }
    check();
  }

  /** Closes the connection, which ends the thread. */
  @Override
  public void close() {
    socket.close();
    Threads.joinUninterruptibly(thread);
    returnPath.close();
  }
}
