// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.os.UnixSocket;
import io.fixedram.store.PageRuns;
import io.fixedram.stream.PostcopyEncoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Sends the pages of a save to one destination, from the stream's first byte to the destination's
 * word that it has everything: what is asked for, what lies around it, then the rest. All of it in
 * the calling thread.
 */
final class PageSender implements PageSink, PageReads.Taker, AutoCloseable {
  /** Pages that go at a time, and that come along with one that is asked for: 64 KiB. */
  private static final int RUN_PAGES = HotPages.RUN_PAGES;

  /** Pages that come along with one that a guest has walked to: 1 MiB. */
  private static final int MAX_RUN_PAGES = 256;

  /** Zero pages at a time in the background: what a destination places in less than 100 us. */
  private static final int ZERO_RUN_PAGES = 64;

  /** Most runs of the background in a row, while nobody asks, without a look at the socket. */
  private static final int MAX_RUNS = 16;

  private static final Duration PATIENCE = Duration.ofMillis(50);
  private static final long CHECK_NANOS = 1_000_000_000;

  /** How long the guest may take to run before the background begins nevertheless. */
  private static final long HEAD_START_NANOS = 200_000_000;

  private final ServedSave save;
  private final FirstFailure failure;
  private final BooleanSupplier running;
  private final UnixSocket socket;
  private final Requests requests;
  private final PostcopyEncoder encoder;
  private final CountingSink counting;
  private final PageReads reads;
  private final Cancellation cancellation;
  private final Background background;
  private final Neighbourhoods neighbourhoods = new Neighbourhoods(RUN_PAGES, MAX_RUN_PAGES);
  private final int pageSize;
  private final long begunNanos = System.nanoTime();
  private long checkedNanos = begunNanos;

  /** How many runs of the background go in a row: more and more, while nobody asks. */
  private int quiet = 1;

  /** Whether pages that cannot be read and that nobody has asked for were left out. */
  private boolean incomplete;

  /**
   * Prepares to send.
   *
   * @param running whether the guest runs, or stands ready to
   * @param encoder what {@code counting} counts for
   */
  PageSender(
      ServedSave save,
      FirstFailure failure,
      BooleanSupplier running,
      UnixSocket socket,
      Requests requests,
      PostcopyEncoder encoder,
      CountingSink counting,
      Cancellation cancellation) {
    this.save = save;
    this.failure = failure;
    this.running = running;
    this.pageSize = save.targetPageSize();
    this.background = new Background(save.blocks(), save.hot().runs(), RUN_PAGES, ZERO_RUN_PAGES);
    this.socket = socket;
    this.requests = requests;
    this.encoder = encoder;
    this.counting = counting;
    this.cancellation = cancellation;
    this.reads =
        new PageReads(
            save.store(), RUN_PAGES * pageSize, this, () -> failure.isEmpty(), requests::wake);
  }

  /** All from the first byte to the destination's word that it has everything. */
  void run() {
    counting.begin(save.store().header());
    if (!save.allZeros()) {
      for (BlockPages block : save.blocks()) {
        counting.addAbsent(block.absent() * pageSize);
      }
    }
    sendAll();
    while (incomplete) {
      // Without an end the destination goes on lacking what could not be read.
      checkRequests();
      deliver();
      requests.await(PATIENCE).ifPresent(this::answer);
      cancellation.throwIfCancelled();
    }
    requests.allSent();
    counting.end(save.store().deviceState());
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
        requests.await(PATIENCE).ifPresent(this::answer);
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
      requests.await(PATIENCE).ifPresent(this::answer);
    }
  }

  /** Sends runs of the background until somebody asks for a page; false if there are none left. */
  private boolean sendBackground() {
    for (int runs = 0; runs < quiet; runs++) {
      Optional<PageRun> next =
          background.next(save.allZeros() || !running.getAsBoolean() || requests.overflowed());
      if (next.isEmpty()) {
        return runs > 0;
      }
      send(next.get(), Optional.empty());
      // A socket that is full of zero records holds milliseconds of work.
      if (!requests.isEmpty() || background.zerosOnly() || reads.isFull()) {
        return true;
      }
    }
    quiet = Math.min(MAX_RUNS, quiet * 2);
    return true;
  }

  /** Waits a little if it is so. */
  private boolean stillLoading() {
    if (running.getAsBoolean() || System.nanoTime() - begunNanos > HEAD_START_NANOS) {
      return false;
    }
    requests.await(Duration.ofMillis(1)).ifPresent(this::answer);
    return true;
  }

  /** Pages go on to a destination that asks for nonsense, until its guest has stopped. */
  private void checkRequests() {
    try {
      requests.check();
    } catch (ProtocolException e) {
      failure.fail(e);
    }
  }

  /** What was changed must not become a running guest's memory unnoticed. */
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

  /** Sends what was read meanwhile, as one part of the stream. */
  private void deliver() {
    if (reads.deliver()) {
      counting.drain();
    }
  }

  /** Sends what was not sent of a run, as one part of the stream if it is read at once. */
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
    counting.drain();
  }

  @Override
  public void taken(PageReads.Read read, boolean content, MemorySegment buffer) {
    PageRun run = read.run();
    PageRuns.sendRead(run.block().map(), run.first(), run.end(), content, buffer, this);
    if (read.request().isPresent()) {
      counting.drain();
      save.faults().add(System.nanoTime() - read.request().get().receivedNanos());
    }
  }

  /** The pages count as not sent again: the guest may yet ask for them. */
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
   * Sends zeros for those pages that cannot be read of a run that the guest waits for, unless it
   * stops without.
   */
  private void sendWhatCanBeRead(PageRun run) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(pageSize, 4096);
      for (long page = run.first(); page < run.end(); page++) {
        sendOrZero(run.block(), page, buffer);
      }
    }
    counting.drain();
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
    PageRuns.sendRead(block.map(), page, page + 1, content, buffer, this);
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    counting.data(block, offset, from, fromOffset, lengthBytes);
    markSent(block, offset, lengthBytes);
  }

  /** Zero pages that need not go were counted before, whether they go or not. */
  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    cancellation.throwIfCancelled();
    (save.allZeros() ? counting : encoder).zero(block, offset, lengthBytes);
    markSent(block, offset, lengthBytes);
  }

  private void markSent(RamBlock block, long offset, long lengthBytes) {
    save.blocks().get(block.index()).sent().set(offset / pageSize, lengthBytes / pageSize);
  }

  @Override
  public void close() {
    reads.close();
  }
}
