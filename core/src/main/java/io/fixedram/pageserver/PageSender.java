// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.UnixSocket;
import io.fixedram.store.PageMap;
import io.fixedram.wire.PostcopyEncoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Sends the pages of a save to one destination, from the first byte of the stream up to the
 * destination's confirmation: requested pages, pages around them, then the rest. Runs completely in
 * the calling thread.
 */
final class PageSender implements PageSink, PageReads.Taker, AutoCloseable {
  /**
   * Pages sent at a time, and minimum read-ahead around a requested page: 64 KiB with 4 KiB pages.
   */
  private static final int RUN_PAGES = HotPages.RUN_PAGES;

  /** Maximum read-ahead for sequential accesses: 1 MiB with 4 KiB pages. */
  private static final int MAX_RUN_PAGES = 256;

  /**
   * Zero pages sent at a time in the background; a destination needs less than 100 us to place
   * them.
   */
  private static final int ZERO_RUN_PAGES = 64;

  /** Maximum number of background runs without requests between checks of the socket. */
  private static final int MAX_RUNS = 16;

  private static final Duration POLL_TIME = Duration.ofMillis(50);
  private static final long CHECK_NANOS = 1_000_000_000;

  /** Time after which the background begins even if the guest does not run yet. */
  private static final long HEAD_START_NANOS = 200_000_000;

  private final ServedSave save;
  private final FirstFailure failure;
  private final BooleanSupplier running;
  private final UnixSocket socket;
  private final Requests requests;
  private final PostcopyEncoder encoder;
  private final PageSink counting;
  private final TransferCounters counters;
  private final PageReads reads;
  private final Cancellation cancellation;
  private final Background background;
  private final Neighbourhoods neighbourhoods = new Neighbourhoods(RUN_PAGES, MAX_RUN_PAGES);
  private final int pageSize;
  private final long begunNanos = System.nanoTime();
  private long checkedNanos = begunNanos;

  /** Number of background runs to send in a row; doubles while there are no requests. */
  private int quiet = 1;

  /** Whether pages were omitted because they cannot be read and were not requested. */
  private boolean incomplete;

  /**
   * Prepares to send.
   *
   * @param running whether the guest runs or is ready to run
   * @param encoder the stream; the caller closes it
   * @param counters counters of the pages sent
   */
  PageSender(
      ServedSave save,
      FirstFailure failure,
      BooleanSupplier running,
      UnixSocket socket,
      Requests requests,
      PostcopyEncoder encoder,
      TransferCounters counters,
      Cancellation cancellation) {
    this.save = save;
    this.failure = failure;
    this.running = running;
    this.pageSize = save.targetPageSize();
    this.background = new Background(save.blocks(), save.hot().runs(), RUN_PAGES, ZERO_RUN_PAGES);
    this.socket = socket;
    this.requests = requests;
    this.encoder = encoder;
    this.counting = CountingSink.pages(encoder, counters, cancellation);
    this.counters = counters;
    this.cancellation = cancellation;
    this.reads =
        new PageReads(
            save.store(), RUN_PAGES * pageSize, this, () -> failure.isEmpty(), requests::wake);
  }

  /** Sends everything from the first byte on, and waits for the destination's confirmation. */
  void run(DeviceState state) {
    SaveHeader header = save.store().header();
    cancellation.throwIfCancelled();
    counters.begin(header.blocks().totalBytes());
    encoder.begin(header, state);
    if (!save.allZeros()) {
      for (BlockPages block : save.blocks()) {
        counters.addZero(block.absent() * pageSize);
      }
    }
    sendAll();
    while (incomplete) {
      // The stream must not end while pages are missing, or the destination would take them for
      // zero.
      checkRequests();
      deliver();
      requests.await(POLL_TIME).ifPresent(this::answer);
      cancellation.throwIfCancelled();
    }
    requests.allSent();
    cancellation.throwIfCancelled();
    encoder.end();
    counters.end();
    requests.awaitShut();
  }

  private void sendAll() {
    while (true) {
      checkRequests();
      checkSave(CHECK_NANOS);
      deliver();
      Optional<Requests.Request> request = requests.poll();
      if (request.isPresent()) {
        answer(request.get());
        continue;
      }
      if (reads.isFull()) {
        requests.await(POLL_TIME).ifPresent(this::answer);
        continue;
      }
      Optional<PageRun> near = neighbourhoods.next();
      if (near.isPresent()) {
        send(near.get(), Optional.empty());
        remember(near.get());
        continue;
      }
      socket.awaitWritable();
      if (!requests.isEmpty() || stillLoading()) {
        continue;
      }
      if (sendBackground()) {
        continue;
      }
      if (reads.isIdle()) {
        checkSave(0);
        return;
      }
      requests.await(POLL_TIME).ifPresent(this::answer);
    }
  }

  /** Sends background runs until there is a request; returns false if there are none left. */
  private boolean sendBackground() {
    for (int runs = 0; runs < quiet; runs++) {
      Optional<PageRun> next =
          background.next(save.allZeros() || !running.getAsBoolean() || requests.overflowed());
      if (next.isEmpty()) {
        return runs > 0;
      }
      send(next.get(), Optional.empty());
      // A socket full of zero records is milliseconds of work for the destination.
      if (!requests.isEmpty() || background.zerosOnly() || reads.isFull()) {
        return true;
      }
    }
    quiet = Math.min(MAX_RUNS, quiet * 2);
    return true;
  }

  /** Whether the guest is still being loaded; waits for requests for 1 ms if so. */
  private boolean stillLoading() {
    if (running.getAsBoolean() || System.nanoTime() - begunNanos > HEAD_START_NANOS) {
      return false;
    }
    requests.await(Duration.ofMillis(1)).ifPresent(this::answer);
    return true;
  }

  /** Reports invalid requests; serving continues until the guest has stopped. */
  private void checkRequests() {
    try {
      requests.check();
    } catch (ProtocolException e) {
      failure.fail(e);
    }
  }

  /** Reports a change of the save, which must not silently become memory of a running guest. */
  private void checkSave(long atMostEveryNanos) {
    long now = System.nanoTime();
    if (now - checkedNanos < atMostEveryNanos) {
      return;
    }
    checkedNanos = now;
    try {
      save.store().state().throwIfChanged(save.store().name());
    } catch (DamagedSaveException | StorageException e) {
      failure.fail(e);
    }
  }

  private void answer(Requests.Request request) {
    quiet = 1;
    BlockPages block = save.blocks().get(request.pages().block().index());
    long first = request.pages().offset() / pageSize;
    long end = first + request.pages().lengthBytes() / pageSize;
    PageRun asked = new PageRun(block, first, end);
    reads.ask(asked, request);
    if (block.allSent(first, end)) {
      return;
    }
    send(asked, Optional.of(request));
    remember(asked);
    neighbourhoods.add(asked);
  }

  private void remember(PageRun run) {
    for (long page = run.first(); page < run.end(); page = (page / RUN_PAGES + 1) * RUN_PAGES) {
      save.hot().add(run.block().block(), page);
    }
  }

  /** Sends the pages read meanwhile as one SECTION_PART. */
  private void deliver() {
    if (reads.deliver()) {
      drain();
    }
  }

  /** Sends the unsent pages of a run, as one SECTION_PART if they are read at once. */
  private void send(PageRun run, Optional<Requests.Request> request) {
    BlockPages block = run.block();
    long page = block.sent().nextClear(run.first(), run.end());
    while (page < run.end()) {
      long end = block.sent().nextSet(page, run.end());
      if (block.map().stored().isAnySet(page, end - page)) {
        end = Math.min(end, page + RUN_PAGES);
      }
      block.sent().set(page, end - page);
      reads.start(new PageReads.Read(new PageRun(block, page, end), request));
      page = block.sent().nextClear(end, run.end());
    }
    drain();
  }

  @Override
  public void taken(PageReads.Read read, boolean content, MemorySegment buffer) {
    PageRun run = read.run();
    send(run.block().map(), run.first(), run.end(), content, buffer);
    if (read.request().isPresent()) {
      drain();
      save.faults().add(System.nanoTime() - read.request().get().receivedNanos());
    }
  }

  /** Marks the pages as not sent, since the guest may request them later. */
  @Override
  public void failed(PageReads.Read read, FixedRamException reason) {
    PageRun run = read.run();
    run.block().sent().clear(run.first(), run.end() - run.first());
    failure.fail(reason);
    if (read.request().isPresent()) {
      sendWhatCanBeRead(run);
    } else {
      incomplete = true;
    }
  }

  /**
   * Sends a run that the guest waits for page by page, with zeros for the pages that cannot be
   * read, unless serving is cancelled because the guest has stopped.
   */
  private void sendWhatCanBeRead(PageRun run) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(pageSize, 4096);
      for (long page = run.first(); page < run.end(); page++) {
        sendOrZero(run.block(), page, buffer);
      }
    }
    drain();
  }

  private void sendOrZero(BlockPages block, long page, MemorySegment buffer) {
    boolean content;
    try {
      content = save.store().read(block.map(), page, page + 1, buffer, 0);
    } catch (StorageException | DamagedSaveException e) {
      failure.awaitStop();
      cancellation.throwIfCancelled();
      zero(block.block(), page * pageSize, pageSize);
      return;
    }
    send(block.map(), page, page + 1, content, buffer);
  }

  private void send(PageMap map, long first, long end, boolean content, MemorySegment buffer) {
    if (content) {
      map.send(first, end, buffer, this);
    } else {
      map.sendZeros(first, end, this);
    }
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    counting.data(block, offset, from, fromOffset, lengthBytes);
    markSent(block, offset, lengthBytes);
  }

  /** Zero pages that need not be sent were counted before, whether they are sent or not. */
  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    cancellation.throwIfCancelled();
    (save.allZeros() ? counting : encoder).zero(block, offset, lengthBytes);
    markSent(block, offset, lengthBytes);
  }

  private void drain() {
    cancellation.throwIfCancelled();
    encoder.drain();
  }

  private void markSent(RamBlock block, long offset, long lengthBytes) {
    save.blocks().get(block.index()).sent().set(offset / pageSize, lengthBytes / pageSize);
  }

  @Override
  public void close() {
    reads.close();
  }
}
