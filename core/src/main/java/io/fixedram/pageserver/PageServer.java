// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.UnixSocket;
import io.fixedram.store.PageRuns;
import io.fixedram.store.PageStore;
import io.fixedram.stream.PostcopyEncoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Serves a save to the destination of a postcopy migration: the device state first, with which the
 * guest runs; then no page twice. A page that is asked for goes at once, the run of pages around it
 * next, and the rest in the background: pages that were hot before, pages with content. Little is
 * ever under way to the destination, so that an answer is not kept waiting behind the background.
 * Serves once, in the calling thread, with another one that reads requests, and others that read
 * pages where the store answers several reads at a time: pages then come in the order in which they
 * are read.
 *
 * <p>Zero pages that nobody asks for need not go to a destination that can do without: all memory
 * was discarded at first, and what it lacks at the end of the stream is ordinary memory from then
 * on, which reads as zero.
 */
public final class PageServer {
  /** Pages that go at a time, and that come along with one that is asked for: 64 KiB. */
  private static final int RUN_PAGES = HotPages.RUN_PAGES;

  /** Pages that come along with one that a guest has walked to: 1 MiB. */
  private static final int MAX_RUN_PAGES = 256;

  /** Zero pages at a time in the background: what a destination places in less than 100 us. */
  private static final int ZERO_RUN_PAGES = 64;

  /** Most runs of the background in a row, while nobody asks, without a look at the socket. */
  private static final int MAX_RUNS = 16;

  private static final int UNDER_WAY_BYTES = 1 << 16;
  private static final Duration PATIENCE = Duration.ofMillis(50);
  private static final long CHECK_NANOS = 1_000_000_000;

  /** How long the guest may take to run before the background begins nevertheless. */
  private static final long HEAD_START_NANOS = 200_000_000;

  private static final String DESTINATION = "QEMU";

  private final PageStore store;
  private final HotPages hot;
  private final List<BlockPages> blocks;
  private final FaultTimes faults;
  private final Lifeline lifeline;
  private final boolean allZeros;
  private volatile Optional<Throwable> failure = Optional.empty();
  private volatile boolean running;

  /**
   * Prepares to serve: reads the save's bitmaps.
   *
   * @param store stays the caller's to close, after {@link #serve} has returned
   * @param hot what goes first; what the guest asks for is added
   * @param faults counts answers to requests
   * @param lifeline is told if anything fails but the destination
   * @param allZeros whether the destination needs all zero pages too; until its guest is known to
   *     run they go anyhow, since the loading of devices may wait for one
   */
  public PageServer(
      PageStore store, HotPages hot, FaultTimes faults, Lifeline lifeline, boolean allZeros) {
    this.store = store;
    this.hot = hot;
    this.faults = faults;
    this.lifeline = lifeline;
    this.allZeros = allZeros;
    this.blocks = store.blocks().stream().map(block -> BlockPages.of(store, block)).toList();
  }

  /**
   * Says that the guest runs, or stands ready to. Until then it gets what it asks for and nothing
   * else for a while, so that placing other pages does not hold up the loading of its devices. Any
   * thread may call this.
   */
  public void guestRuns() {
    running = true;
  }

  /**
   * Serves until the destination has confirmed that it has everything.
   *
   * @param socket the connection to a destination that has begun to load; closed at the end
   * @param counters count pages as they are sent
   * @throws StorageException if the destination goes away
   * @throws ProtocolException if what it sends makes no sense
   * @throws FixedRamException why the lifeline was told to stop the guest, if it was, after all
   *     that could be served has been or a cancellation
   */
  public void serve(UnixSocket socket, TransferCounters counters, Cancellation cancellation) {
    DeviceState state = store.deviceState();
    RamBlocks blocks = store.header().blocks();
    socket.limitUnderWay(UNDER_WAY_BYTES);
    PostcopyEncoder encoder =
        new PostcopyEncoder(noticingLoss(ByteTarget.of(socket, DESTINATION)), state);
    try (Cancellation.Registration _ = cancellation.onCancel(socket::close);
        CountingSink counting = new CountingSink(encoder, counters, cancellation);
        Requests requests = new Requests(socket, DESTINATION, blocks);
        Work work = new Work(socket, requests, encoder, counting, cancellation)) {
      serve(work);
    } catch (StorageException | CancelledException e) {
      failure.ifPresent(PageServer::rethrow);
      cancellation.throwIfCancelled();
      throw e;
    }
    failure.ifPresent(PageServer::rethrow);
  }

  /** The connection is closed after this, so that the guest must have been stopped before. */
  private void serve(Work work) {
    try {
      work.run();
    } catch (StorageException | CancelledException e) {
      // The destination is gone, or somebody has seen to the guest.
      throw e;
    } catch (RuntimeException | Error e) {
      fail(e);
      lifeline.awaitStop();
      throw e;
    }
  }

  private static void rethrow(Throwable failure) {
    switch (failure) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }

  private static ByteTarget noticingLoss(ByteTarget target) {
    return (position, from, offset, length) -> {
      try {
        target.write(position, from, offset, length);
      } catch (StorageException e) {
        StorageException gone = Requests.gone(DESTINATION);
        gone.addSuppressed(e);
        throw gone;
      }
    };
  }

  /** What fails first is told; the rest follows from it. */
  private void fail(Throwable reason) {
    if (failure.isEmpty()) {
      failure = Optional.of(reason);
      lifeline.failed(reason);
    }
  }

  /** The pages, and what is left to do with them. */
  private final class Work implements PageSink, PageReads.Taker, AutoCloseable {
    private final UnixSocket socket;
    private final Requests requests;
    private final PostcopyEncoder encoder;
    private final CountingSink counting;
    private final PageReads reads;
    private final Cancellation cancellation;
    private final Background background =
        new Background(blocks, hot.runs(), RUN_PAGES, ZERO_RUN_PAGES);
    private final Neighbourhoods neighbourhoods = new Neighbourhoods(RUN_PAGES, MAX_RUN_PAGES);
    private final int pageSize = store.header().blocks().targetPageSize();
    private final long begunNanos = System.nanoTime();
    private long checkedNanos = begunNanos;

    /** How many runs of the background go in a row: more and more, while nobody asks. */
    private int quiet = 1;

    /** Whether pages that cannot be read and that nobody has asked for were left out. */
    private boolean incomplete;

    Work(
        UnixSocket socket,
        Requests requests,
        PostcopyEncoder encoder,
        CountingSink counting,
        Cancellation cancellation) {
      this.socket = socket;
      this.requests = requests;
      this.encoder = encoder;
      this.counting = counting;
      this.cancellation = cancellation;
      this.reads =
          new PageReads(store, RUN_PAGES * pageSize, this, () -> failure.isEmpty(), requests::wake);
    }

    /** All from the first byte to the destination's word that it has everything. */
    void run() {
      counting.begin(store.header());
      if (!allZeros) {
        for (BlockPages block : blocks) {
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
      counting.end(store.deviceState());
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

    /**
     * Sends runs of the background until somebody asks for a page; false if there are none left.
     */
    private boolean sendBackground() {
      for (int runs = 0; runs < quiet; runs++) {
        Optional<PageRun> next = background.next(allZeros || !running || requests.overflowed());
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
      if (running || System.nanoTime() - begunNanos > HEAD_START_NANOS) {
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
        fail(e);
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
        store.state().throwIfChanged(store.name());
      } catch (DamagedSaveException | StorageException e) {
        fail(e);
      }
    }

    private void answer(Requests.Request request) {
      quiet = 1;
      BlockPages block = blocks.get(request.pages().block().index());
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
        hot.add(run.block().block(), page);
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
        faults.add(System.nanoTime() - read.request().get().receivedNanos());
      }
    }

    /** The pages count as not sent again: the guest may yet ask for them. */
    @Override
    public void failed(PageReads.Read read, FixedRamException reason) {
      PageRun run = read.run();
      run.block().sent().clear(run.first(), run.end() - run.first());
      fail(reason);
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
        content = store.read(block.map(), page, page + 1, buffer, 0);
      } catch (StorageException | DamagedSaveException e) {
        lifeline.awaitStop();
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
      (allZeros ? counting : encoder).zero(block, offset, lengthBytes);
      markSent(block, offset, lengthBytes);
    }

    private void markSent(RamBlock block, long offset, long lengthBytes) {
      blocks.get(block.index()).sent().set(offset / pageSize, lengthBytes / pageSize);
    }

    @Override
    public void close() {
      reads.close();
    }
  }
}
