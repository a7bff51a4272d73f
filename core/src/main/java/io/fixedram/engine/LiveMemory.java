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
 * Memory of a guest that goes on writing it, as a source of pages: one pass over all pages, then
 * passes over those written meanwhile, until what is left can be sent within the downtime limit or
 * the maximum of passes is reached; then the guest is stopped, and the last pass and the device
 * state follow.
 *
 * <p>Pages are handed on where they lie, so that a sink may see one change while it takes it, even
 * from zero to other content. Such a page is marked by its writer, so that a later pass sends it
 * again; what the last pass sends nobody writes.
 *
 * <p>One thread at a time. The guest's callbacks and the dirty log are called by that thread; an
 * interrupt ends a wait for the bandwidth limit, as a cancellation does.
 */
public final class LiveMemory implements PageSource {
  /** Sent at a time: between two of them the bandwidth limit and a cancellation are looked at. */
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

  /** Hears of the turns that a save takes. */
  interface Watcher {
    /** The head is written, and writes are logged. */
    default void setUp() {}

    /** The log was read, for the n-th time. */
    default void synced(long count) {}

    /** A pass begins. */
    default void passBegins(long pass) {}

    /** The guest is stopped; may wait before the rest is sent. */
    default void stopped() {}
  }

  /**
   * Prepares to save memory once.
   *
   * @param configuration what the save says of the guest
   * @throws FixedRamException if the configuration gives another page size than the memory's
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

  /** What a save of this memory begins with: the configuration, and the blocks that are listed. */
  public SaveHeader header() {
    return header;
  }

  /**
   * {@inheritDoc} If it fails, the guest runs again and the log has all its marks.
   *
   * @throws CancelledException if the cancellation asks for it
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
   * The same for a caller who has the use of the memory, and who calls {@link #takeBack} if it or
   * what comes after it fails.
   *
   * @param transferredBytes what the sink's target has taken so far
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
   * Undoes what a save that comes to nothing did to the guest: all marks that were taken return to
   * the log, and the guest runs again if it was stopped.
   *
   * @param cause gets what goes wrong here as suppressed
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

  /** One pass over what is dirty; the time that what is dirty then would take. */
  private Duration sendPass(long pass, SaveSink sink, RateLimit limit) {
    try (PassEvent event = new PassEvent()) {
      event.begin();
      event.pass = pass;
      counters.passBegins();
      watcher.passBegins(pass);
      long before = counters.sentBytes();
      event.contentBytes = sendPending(sink, limit::spend);
      sink.drain();
      // Of all memory most may be zero, which is fast; what a guest dirties later is its usual mix.
      long pace =
          pass == 1 && event.contentBytes > 0 ? event.contentBytes : counters.sentBytes() - before;
      // Waits for the bandwidth limit count: the target may be busy with earlier pages meanwhile,
      // and what it can do beyond the limit is not known. So does the time between passes, which
      // the limit makes up for in the next.
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

  /** Moves the log's marks to what is to be sent; the bytes of all that is. */
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
   * Sends all pages that are dirty.
   *
   * @param spent told of the bytes that each run took, and may wait
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

  /** Sends a run of pages as runs of zeros and of content; bytes of content. */
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
