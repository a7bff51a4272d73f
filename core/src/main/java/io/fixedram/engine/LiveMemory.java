// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.ZeroPages;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationParameters;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * A source of pages of a running guest's memory: one pass over all pages, then passes over the
 * pages written meanwhile, until the rest can be sent within the downtime limit or the maximum
 * number of passes is reached. Then the guest is stopped, and the final pass and the device state
 * follow.
 *
 * <p>Pages are passed to the sink without a copy, so their content may change during the call, even
 * from zero to other content. Such a page is marked by its writer and sent again in a later pass.
 * Pages of the final pass do not change.
 *
 * <p>Not thread-safe. The guest's callbacks and the dirty log are called by the calling thread. An
 * interrupt ends a wait for the bandwidth limit, as a cancellation does.
 */
public final class LiveMemory implements PageSource {
  /**
   * Maximum length of a run of pages; the bandwidth limit and a cancellation are checked between
   * runs.
   */
  private static final int RUN_BYTES = 256 << 10;

  private final GuestMemory memory;
  private final GuestControl guest;
  private final Supplier<MigrationParameters> parameters;
  private final Cancellation cancellation;
  private final MigrationCounters counters;
  private final Watcher watcher;
  private final DirtyPages dirty;
  private final SaveHeader header;
  private final Throughput throughput = new Throughput();

  private LongSupplier transferred = () -> 0;
  private boolean stopCalled;
  private long stopNanos;
  private long passEndNanos;
  private long syncNanos;

  /** Observer of the phases of a save. */
  interface Watcher {
    /** The header is written and writes are logged. */
    default void setUp() {}

    /** The dirty log was read for the {@code count}-th time. */
    default void synced(long count) {}

    /** A pass begins. */
    default void passBegins(long pass) {}

    /** The guest is stopped. May block before the rest is sent. */
    default void stopped() {}
  }

  /**
   * Prepares one save of the memory.
   *
   * @param configuration the guest's configuration in the save
   * @throws FixedRamException if the configuration has another page size than the memory
   */
  public LiveMemory(
      GuestMemory memory,
      GuestControl guest,
      Configuration configuration,
      MigrationParameters parameters,
      Cancellation cancellation) {
    this(
        memory,
        guest,
        configuration,
        () -> parameters,
        cancellation,
        new MigrationCounters(),
        new Watcher() {});
  }

  LiveMemory(
      GuestMemory memory,
      GuestControl guest,
      Configuration configuration,
      Supplier<MigrationParameters> parameters,
      Cancellation cancellation,
      MigrationCounters counters,
      Watcher watcher) {
    this.memory = memory;
    this.guest = guest;
    this.parameters = parameters;
    this.cancellation = cancellation;
    this.counters = counters;
    this.watcher = watcher;
    this.dirty = new DirtyPages(memory);
    this.header =
        MemoryHeader.of(
            configuration,
            memory.blocks().targetPageSize(),
            dirty.blocks().stream().map(DirtyPages.Block::inSave).toList());
  }

  /**
   * {@inheritDoc} If it fails, the guest is resumed and all marks are put back into the log.
   *
   * @throws CancelledException if cancelled
   * @throws FixedRamException if another migration or load uses the memory
   */
  @Override
  @SuppressWarnings("CatchThrowable")
  public void sendTo(SaveSink sink) {
    try (GuestMemory.Use _ = memory.use("migration")) {
      try {
        send(sink, () -> counters.ram().normalBytes());
      } catch (Throwable e) {
        takeBack(e);
        throw e;
      }
    }
  }

  /**
   * Sends the memory for a caller that has reserved it, and that must call {@link #takeBack} if
   * this or a later step fails.
   *
   * @param transferredBytes bytes that the sink's target has received so far
   */
  void send(SaveSink sink, LongSupplier transferredBytes) {
    transferred = transferredBytes;
    setUp(sink);
    try (RateLimit limit = new RateLimit(() -> parameters.get().maxBandwidth(), cancellation)) {
      sendWhileRunning(sink, limit);
    }
    stop();
    complete(sink);
    dirty.end();
  }

  /**
   * Undoes the effects of a failed save: puts all marks back into the log and resumes the guest if
   * it was stopped.
   *
   * @param cause exception to which failures are added as suppressed
   */
  void takeBack(Throwable cause) {
    dirty.putBack(cause);
    if (stopCalled) {
      stopCalled = false;
      Undo.attempt(cause, guest::resume);
    }
  }

  private void setUp(SaveSink sink) {
    try (SetupEvent event = new SetupEvent()) {
      event.begin();
      event.totalBytes = header.blocks().totalBytes();
      counters.begin(
          header.blocks().targetPageSize(), event.totalBytes, parameters.get().downtimeLimit());
      sink.begin(header);
      cancellation.throwIfCancelled();
      dirty.begin();
      syncNanos = System.nanoTime();
      passEndNanos = syncNanos;
      synced(event.totalBytes);
      watcher.setUp();
    }
  }

  private void sendWhileRunning(SaveSink sink, RateLimit limit) {
    boolean fits;
    long pass = 0;
    do {
      pass++;
      Duration needed = sendPass(pass, sink, limit);
      counters.expect(needed);
      fits = needed.compareTo(parameters.get().downtimeLimit()) <= 0;
    } while (!fits && !isLast(pass, parameters.get().maxPasses()));
  }

  /**
   * Sends the dirty pages in one pass; returns the predicted time to send those dirtied meanwhile.
   */
  private Duration sendPass(long pass, SaveSink sink, RateLimit limit) {
    try (PassEvent event = new PassEvent()) {
      event.begin();
      event.pass = pass;
      counters.passBegins();
      watcher.passBegins(pass);
      long before = counters.sentBytes();
      event.contentBytes = sendPending(sink, limit::spend);
      sink.drain();
      // Pass 1 counts only content: most memory may be zero pages, which are fast to send and not
      // typical of the pages that a guest dirties later.
      long pace =
          pass == 1 && event.contentBytes > 0 ? event.contentBytes : counters.sentBytes() - before;
      // The time includes waits for the bandwidth limit, since the target may be busy with earlier
      // pages meanwhile and its speed beyond the limit is unknown. It also includes the time
      // between passes, for which the limit compensates in the next pass.
      long end = System.nanoTime();
      throughput.add(pace, end - passEndNanos);
      passEndNanos = end;
      event.remainingBytes = sync();
      long known = parameters.get().availSwitchoverBandwidth();
      return known > 0
          ? Throughput.timeFor(event.remainingBytes, known)
          : throughput.timeFor(event.remainingBytes);
    }
  }

  private static boolean isLast(long pass, int maxPasses) {
    return maxPasses > 0 && pass >= maxPasses;
  }

  private void stop() {
    stopNanos = System.nanoTime();
    stopCalled = true;
    try (StopEvent event = new StopEvent()) {
      event.begin();
      guest.stop();
    }
    cancellation.throwIfCancelled();
    watcher.stopped();
    cancellation.throwIfCancelled();
  }

  private void complete(SaveSink sink) {
    try (CompletionEvent event = new CompletionEvent()) {
      event.begin();
      event.remainingBytes = sync();
      long before = transferred.getAsLong();
      sendPending(sink, bytes -> {});
      DeviceState state = guest.deviceState();
      event.deviceStateBytes = state.sizeBytes();
      sink.end(state);
      cancellation.throwIfCancelled();
      long after = transferred.getAsLong();
      counters.completed(
          after,
          System.nanoTime(),
          Duration.ofNanos(System.nanoTime() - stopNanos),
          after - before);
    }
    guest.saved();
  }

  /** Moves the log's marks to the pages to be sent; returns the bytes of all pages to be sent. */
  private long sync() {
    long dirtied = dirty.collect();
    long now = System.nanoTime();
    counters.dirtied(dirtied, now - syncNanos);
    syncNanos = now;
    long remaining = dirty.bytes();
    synced(remaining);
    return remaining;
  }

  private void synced(long remaining) {
    counters.synced(remaining);
    watcher.synced(counters.dirtySyncCount());
  }

  /**
   * Sends all dirty pages.
   *
   * @param spent called with the bytes transferred for each run; may block
   * @return bytes of page content sent
   */
  private long sendPending(SaveSink sink, LongConsumer spent) {
    long pageSize = header.blocks().targetPageSize();
    long runPages = RUN_BYTES / pageSize;
    long[] moved = {0};
    for (DirtyPages.Block block : dirty.blocks()) {
      block
          .pending()
          .forEachRun((first, count) -> {
            for (long page = first; page < first + count; page += runPages) {
              cancellation.throwIfCancelled();
              long length = Math.min(runPages, first + count - page) * pageSize;
              long before = transferred.getAsLong();
              moved[0] += sendRun(sink, block, page * pageSize, length);
              long after = transferred.getAsLong();
              counters.transferred(after, System.nanoTime());
              spent.accept(after - before);
            }
          });
      block.sent();
    }
    return moved[0];
  }

  /** Sends a run of pages as runs of zero pages and of content; returns the bytes of content. */
  private long sendRun(SaveSink sink, DirtyPages.Block block, long offset, long length) {
    RunSentEvent event = new RunSentEvent();
    event.begin();
    MemorySegment from = memory.segment(block.own());
    int pageSize = header.blocks().targetPageSize();
    long content = 0;
    for (long at = 0; at < length; ) {
      boolean zero = ZeroPages.isZero(from, offset + at, pageSize);
      long end = at + pageSize;
      while (end < length && ZeroPages.isZero(from, offset + end, pageSize) == zero) {
        end += pageSize;
      }
      if (zero) {
        sink.zero(block.inSave(), offset + at, end - at);
      } else {
        sink.data(block.inSave(), offset + at, from, offset + at, end - at);
        content += end - at;
      }
      at = end;
    }
    counters.sent(content / pageSize, (length - content) / pageSize);
    event.end(block.own().name(), offset, length, content);
    return content;
  }
}
