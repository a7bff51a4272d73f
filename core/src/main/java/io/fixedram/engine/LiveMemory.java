// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.ZeroPages;
import io.fixedram.os.Cancellation;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
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
 * <p>Blocks of no bytes are not listed: the stream's list of blocks ends with the last byte of RAM,
 * and a reader would not look for them.
 */
public final class LiveMemory implements PageSource {
  /** Sent at a time: between two of them the bandwidth limit and a cancellation are looked at. */
  private static final int RUN_BYTES = 256 << 10;

  /** QEMU's "ram" section has id 1 or more. */
  private static final int RAM_SECTION_ID = 1;

  private final GuestMemory memory;
  private final GuestControl guest;
  private final Supplier<MigrationParameters> parameters;
  private final Cancellation cancellation;
  private final MigrationCounters counters;
  private final Watcher watcher;
  private final SaveHeader header;
  private final List<ListedBlock> listed = new ArrayList<>();
  private final Throughput throughput = new Throughput();

  private LongSupplier transferred = () -> 0;
  private boolean stopCalled;
  private boolean logStarted;
  private long stopNanos;
  private long syncNanos;

  /** A block that is sent, and where its pages stand in the save. */
  private static final class ListedBlock {
    private final RamBlock own;
    private final RamBlock inSave;

    /** Pages to be sent in the next pass or the one under way. */
    private PageBitmap pending;

    /** Every mark taken out of the log, to be put back if the save comes to nothing. */
    private final PageBitmap taken;

    ListedBlock(RamBlock own, RamBlock inSave, long pages) {
      this.own = own;
      this.inSave = inSave;
      this.pending = new PageBitmap(pages);
      this.taken = new PageBitmap(pages);
    }
  }

  /** Hears of the turns that a save takes. */
  interface Watcher {
    /** The head is written. */
    void setUp();

    /** A pass begins. */
    void passBegins(long pass);

    /** The guest is stopped; may wait before the rest is sent. */
    void stopped();
  }

  private static final class NoWatcher implements Watcher {
    @Override
    public void setUp() {}

    @Override
    public void passBegins(long pass) {}

    @Override
    public void stopped() {}
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
        new NoWatcher());
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
    this.header = header(configuration);
  }

  private SaveHeader header(Configuration configuration) {
    if (!configuration.capabilities().isEmpty()) {
      throw new FixedRamException(
          "the configuration names the capability "
              + configuration.capabilities().getFirst()
              + ", but what a save is made under is for the migration's own capabilities to say");
    }
    int pageSize = memory.blocks().targetPageSize();
    List<RamBlock> list = new ArrayList<>();
    for (RamBlock own : memory.blocks().list()) {
      if (own.usedLength() > 0) {
        RamBlock inSave = new RamBlock(list.size(), own.name(), own.usedLength());
        list.add(inSave);
        listed.add(new ListedBlock(own, inSave, memory.blocks().pages(own)));
      }
    }
    return new SaveHeader(
        withPageSize(configuration, pageSize), new RamBlocks(pageSize, list), RAM_SECTION_ID);
  }

  /** A stream without target-page-bits means pages of 4 KiB. */
  private static Configuration withPageSize(Configuration configuration, int pageSize) {
    Configuration sized =
        configuration.targetPageBits().isPresent() || configuration.targetPageSize() == pageSize
            ? configuration
            : new Configuration(
                configuration.machine(),
                configuration.capabilities(),
                OptionalInt.of(Integer.numberOfTrailingZeros(pageSize)),
                configuration.uuid());
    if (sized.targetPageSize() != pageSize) {
      throw new FixedRamException(
          "the configuration says pages of "
              + sized.targetPageSize()
              + " bytes, the guest's memory has pages of "
              + pageSize);
    }
    return sized;
  }

  /**
   * What a save of this memory begins with: the configuration, and the blocks that are listed,
   * without the page sizes and guest addresses, which only capabilities that are not provided list.
   */
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
  public void sendTo(PageSink sink) {
    try (GuestMemory.Use _ = memory.use("migration")) {
      try {
        send(sink, () -> counters.ram().normalBytes());
      } catch (RuntimeException | Error e) {
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
  void send(PageSink sink, LongSupplier transferredBytes) {
    transferred = transferredBytes;
    run(sink);
    logStarted = false;
    memory.dirtyLog().stop();
  }

  /**
   * Undoes what a save that comes to nothing did to the guest: all marks that were taken return to
   * the log, and the guest runs again if it was stopped.
   *
   * @param cause gets what goes wrong here as suppressed
   */
  void takeBack(Throwable cause) {
    for (ListedBlock block : listed) {
      attempt(
          cause,
          () ->
              forEachRun(
                  block.taken,
                  (page, count) -> memory.dirtyLog().mark(block.own.index(), page, count)));
    }
    if (logStarted) {
      logStarted = false;
      attempt(cause, memory.dirtyLog()::stop);
    }
    if (stopCalled) {
      stopCalled = false;
      attempt(cause, guest::resume);
    }
  }

  private static void attempt(Throwable cause, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      cause.addSuppressed(e);
    }
  }

  private void run(PageSink sink) {
    counters.begin(header.blocks().targetPageSize(), header.blocks().totalBytes());
    sink.begin(header);
    watcher.setUp();
    cancellation.throwIfCancelled();
    logStarted = true;
    memory.dirtyLog().start();
    collect();
    syncNanos = System.nanoTime();
    listed.forEach(block -> block.pending.set(0, block.pending.pages()));
    counters.synced(header.blocks().totalBytes());
    try (RateLimit limit = new RateLimit(() -> parameters.get().maxBandwidth(), cancellation)) {
      sendWhileRunning(sink, limit);
    }
    stop();
    CompletionEvent event = new CompletionEvent();
    event.begin();
    long remaining = sync();
    counters.synced(remaining);
    long beforeStop = transferred.getAsLong();
    sendPending(sink, bytes -> {});
    DeviceState state = guest.deviceState();
    sink.end(state);
    cancellation.throwIfCancelled();
    counters.transferred(transferred.getAsLong());
    counters.stood(
        Duration.ofNanos(System.nanoTime() - stopNanos), transferred.getAsLong() - beforeStop);
    event.end(remaining, state.sizeBytes());
    guest.saved();
  }

  private void sendWhileRunning(PageSink sink, RateLimit limit) {
    boolean fits;
    long pass = 0;
    do {
      pass++;
      counters.passBegins();
      watcher.passBegins(pass);
      PassEvent event = new PassEvent();
      event.begin();
      long from = System.nanoTime();
      long waited = limit.waitedNanos();
      long before = counters.sentBytes();
      long moved = sendPending(sink, limit::spend);
      sink.drain();
      long took = System.nanoTime() - from;
      // Of all memory most may be zero, which is fast; what a guest dirties later is its usual mix.
      long pace = pass == 1 && moved > 0 ? moved : counters.sentBytes() - before;
      throughput.add(pace, took - (limit.waitedNanos() - waited));
      counters.passEnded(moved, took);
      long remaining = sync();
      counters.synced(remaining);
      Duration needed = throughput.timeFor(remaining);
      counters.expect(needed);
      fits = needed.compareTo(parameters.get().downtimeLimit()) <= 0;
      event.end(pass, moved, remaining);
    } while (!fits && !isLast(pass, parameters.get().maxPasses()));
  }

  private static boolean isLast(long pass, int maxPasses) {
    return maxPasses > 0 && pass >= maxPasses;
  }

  private void stop() {
    stopNanos = System.nanoTime();
    stopCalled = true;
    StopEvent event = new StopEvent();
    event.begin();
    guest.stop();
    event.commit();
    cancellation.throwIfCancelled();
    watcher.stopped();
    cancellation.throwIfCancelled();
  }

  /** Moves the log's marks to what is pending; the bytes of all pending pages. */
  private long sync() {
    long dirtied = collect();
    long now = System.nanoTime();
    counters.dirtied(dirtied, now - syncNanos);
    syncNanos = now;
    long pending = listed.stream().mapToLong(block -> block.pending.cardinality()).sum();
    return pending * header.blocks().targetPageSize();
  }

  /** Moves the log's marks to what is pending; their number. */
  private long collect() {
    long dirtied = 0;
    for (ListedBlock block : listed) {
      try {
        dirtied += memory.dirtyLog().collect(block.own.index(), block.pending);
      } finally {
        forEachRun(block.pending, block.taken::set);
      }
    }
    return dirtied;
  }

  /**
   * Sends all pages that are pending.
   *
   * @param spent told of the bytes that each run took, and may wait
   * @return bytes of page content sent
   */
  private long sendPending(PageSink sink, LongConsumer spent) {
    long pageSize = header.blocks().targetPageSize();
    long runPages = RUN_BYTES / pageSize;
    long[] moved = {0};
    for (ListedBlock block : listed) {
      forEachRun(
          block.pending,
          (first, count) -> {
            for (long page = first; page < first + count; page += runPages) {
              cancellation.throwIfCancelled();
              long length = Math.min(runPages, first + count - page) * pageSize;
              long before = transferred.getAsLong();
              moved[0] += sendRun(sink, block, page * pageSize, length);
              long after = transferred.getAsLong();
              counters.transferred(after);
              spent.accept(after - before);
            }
          });
      block.pending = new PageBitmap(block.pending.pages());
    }
    return moved[0];
  }

  /** Sends a run of pages as runs of zeros and of content; bytes of content. */
  private long sendRun(PageSink sink, ListedBlock block, long offset, long length) {
    RunEvent event = new RunEvent();
    event.begin();
    MemorySegment from = memory.segment(block.own);
    int pageSize = header.blocks().targetPageSize();
    long content = 0;
    for (long at = 0; at < length; ) {
      boolean zero = ZeroPages.isZero(from, offset + at, pageSize);
      long end = at + pageSize;
      while (end < length && ZeroPages.isZero(from, offset + end, pageSize) == zero) {
        end += pageSize;
      }
      if (zero) {
        sink.zero(block.inSave, offset + at, end - at);
      } else {
        sink.data(block.inSave, offset + at, from, offset + at, end - at);
        content += end - at;
      }
      at = end;
    }
    counters.sent(content / pageSize, (length - content) / pageSize);
    event.end(block.own.name(), offset, length, content);
    return content;
  }

  private static void forEachRun(PageBitmap bitmap, RunConsumer consumer) {
    for (long page = bitmap.nextSet(0); page < bitmap.pages(); ) {
      long end = bitmap.nextClear(page);
      consumer.accept(page, end - page);
      page = bitmap.nextSet(end);
    }
  }

  /** Takes a run of pages. */
  private interface RunConsumer {
    void accept(long page, long count);
  }
}
