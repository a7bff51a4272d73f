// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlocks;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixSocket;
import io.fixedram.wire.ReturnPathDecoder;
import io.fixedram.wire.ReturnPathDecoder.Message;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Queue of the destination's page requests, read by a separate thread so that the time of each
 * request is known. A destination requests no page twice and waits for each, so only a faulty one
 * can fill the queue.
 */
final class Requests implements AutoCloseable {
  private static final int MAX_WAITING = 4096;
  private static final long POLL_MILLIS = 50;

  private final ReturnPathDecoder returnPath;
  private final UnixSocket socket;
  private final String name;
  private final ArrayBlockingQueue<Event> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
  private final Thread thread;
  private volatile boolean allSent;
  private volatile boolean overflowed;
  private volatile Optional<End> end = Optional.empty();

  /**
   * A request for pages.
   *
   * @param pages the requested pages
   * @param receivedNanos time at which the request was received, as {@link System#nanoTime()}
   */
  record Request(Message.PagesRequest pages, long receivedNanos) implements Event {}

  /** An event that ends {@link #await}. */
  sealed interface Event permits Request, Wake {}

  /** A wake-up without a request. */
  record Wake() implements Event {}

  /** The reason why no more requests follow. */
  private sealed interface End {
    record Shut() implements End {}

    record Failed(FixedRamException reason) implements End {}
  }

  /** Starts to read the messages of a destination. */
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

  // Any failure of this thread must reach the thread that waits for the end.
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
          // Needs no reaction.
        }
      }
    }
  }

  static StorageException gone(String name) {
    return new StorageException(name + " closed the connection before it had all pages", 0);
  }

  /** Removes and returns the oldest request; empty if there is none. */
  Optional<Request> poll() {
    Event next = waiting.poll();
    while (next instanceof Wake) {
      next = waiting.poll();
    }
    return next instanceof Request request ? Optional.of(request) : Optional.empty();
  }

  /** Makes {@link #await} return; may be called by any thread. */
  void wake() {
    var _ = waiting.offer(new Wake());
  }

  /** Removes and returns the oldest request; waits for one until a timeout or {@link #wake}. */
  Optional<Request> await(Duration timeout) {
    try {
      Event next = waiting.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
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
   * Checks that requests can still be received.
   *
   * @throws FixedRamException if reading requests has failed
   */
  void check() {
    if (end.isPresent() && end.get() instanceof End.Failed failed) {
      throw failed.reason();
    }
  }

  /**
   * Whether requests were dropped because the queue was full; their pages are then only sent in the
   * background.
   */
  boolean overflowed() {
    return overflowed;
  }

  /** Records that all pages are about to be sent, after which the destination may confirm. */
  void allSent() {
    allSent = true;
  }

  /**
   * Waits for the destination's confirmation that it has all pages. Requests received meanwhile
   * need no answer: their pages are in transit, or are zero pages that the destination no longer
   * needs.
   *
   * @throws FixedRamException if the connection ends without the confirmation
   */
  void awaitShut() {
    try {
      while (end.isEmpty()) {
        var _ = waiting.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
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
