// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.error.StorageException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.fixed.TablePlace;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.ZeroPages;
import io.fixedram.layout.BlockPlace;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Errno;
import io.fixedram.os.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import jdk.jfr.FlightRecorder;

/**
 * Writes pages to their places in a fixed-offset file, with few large writes, in two threads, so
 * that the disk has the next write when one is done.
 *
 * <p>Pages are gathered in chunks; a chunk is passed to a thread when it is full or its buffer is
 * needed. The last content of a page wins: while a chunk is being written, pages of the same piece
 * wait. Zero pages are not written, except in small gaps between others ({@link SmallGaps}); for a
 * page that was written before and became zero, the bit is cleared and the hole is punched again.
 *
 * <p>Methods must be called by one thread at a time. Memory: {@value #BUFFERS} buffers of 1 MiB,
 * and the bitmaps.
 */
final class PageWriter implements AutoCloseable {
  private static final int BUFFERS = 24;
  private static final int WRITERS = 2;

  private static final Set<Integer> NO_SPACE = Set.of(Errno.ENOSPC.number(), Errno.EDQUOT.number());

  /**
   * Maximum number of chunks that gather pages at a time; the other buffers are queued or being
   * written.
   */
  private static final int MAX_OPEN = 8;

  private final PageFile file;
  private final List<BlockPlace> places;
  private final List<PageBitmap> written = new ArrayList<>();
  private final AheadAllocation allocation;
  private final PrintTables prints;
  private final int pageSize;
  private final Arena arena = Arena.ofShared();
  private final Map<Chunk.Key, Chunk> open = new LinkedHashMap<>();
  private Optional<Chunk> last = Optional.empty();

  private final ChunkQueue queue = new ChunkQueue();
  private final List<Thread> threads = new ArrayList<>();

  /**
   * Starts the threads. All places in the file must read as zeros.
   *
   * @param tables table of fingerprints of each block; empty if the file has none
   * @param kind kind of these fingerprints
   * @param reserved whether the places are allocated; otherwise they must be holes
   */
  PageWriter(
      PageFile file,
      List<BlockPlace> places,
      List<TablePlace> tables,
      PrintKind kind,
      int pageSize,
      boolean reserved) {
    this.file = file;
    this.places = List.copyOf(places);
    this.pageSize = pageSize;
    for (BlockPlace place : places) {
      written.add(new PageBitmap(place.block().usedLength() / pageSize));
    }
    this.allocation = new AheadAllocation(file, this.places, written, pageSize, reserved);
    this.prints = new PrintTables(file, tables, kind, pageSize);
    try {
      MemorySegment buffers = AnonymousMemory.allocateHuge(arena, (long) BUFFERS * Chunk.BYTES);
      for (int i = 0; i < BUFFERS; i++) {
        queue.add(new Chunk(buffers.asSlice((long) i * Chunk.BYTES, Chunk.BYTES)));
      }
      for (int i = 0; i < WRITERS; i++) {
        threads.add(
            Thread.ofPlatform().daemon().name("fixedram page writer").start(this::writeQueued));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Takes the content of a run of pages. */
  void data(RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    for (long done = 0; done < lengthBytes; ) {
      long at = offset + done;
      long inChunk = at % Chunk.BYTES;
      long piece = Math.min(lengthBytes - done, Chunk.BYTES - inChunk);
      Chunk chunk = chunk(block.index(), at / Chunk.BYTES);
      chunk.putData(inChunk, from, fromOffset + done, piece, pageSize);
      submitIfFull(chunk);
      done += piece;
    }
  }

  /** Makes a run of pages zero. */
  void zero(RamBlock block, long offset, long lengthBytes) {
    for (long done = 0; done < lengthBytes; ) {
      long at = offset + done;
      long inChunk = at % Chunk.BYTES;
      long piece = Math.min(lengthBytes - done, Chunk.BYTES - inChunk);
      Chunk.Key key = new Chunk.Key(block.index(), at / Chunk.BYTES);
      if (open.containsKey(key) || mayBeWritten(key, at, piece)) {
        Chunk chunk = chunk(key.block(), key.index());
        chunk.putZero(inChunk, piece, pageSize);
        submitIfFull(chunk);
      }
      done += piece;
    }
  }

  private boolean mayBeWritten(Chunk.Key key, long offset, long lengthBytes) {
    return queue.isInFlight(key) || isAnyWritten(key.block(), offset, lengthBytes);
  }

  private boolean isAnyWritten(int block, long offset, long lengthBytes) {
    PageBitmap bitmap = written.get(block);
    synchronized (bitmap) {
      return bitmap.isAnySet(offset / pageSize, lengthBytes / pageSize);
    }
  }

  /** Copies the current content of a page. */
  void current(RamBlock block, long offset, MemorySegment into) {
    Chunk.Key key = new Chunk.Key(block.index(), offset / Chunk.BYTES);
    Optional<Chunk> chunk = Optional.ofNullable(open.get(key));
    long inChunk = offset % Chunk.BYTES;
    int page = (int) (inChunk / pageSize);
    if (chunk.isPresent() && chunk.get().data().get(page)) {
      MemorySegment.copy(chunk.get().buffer(), inChunk, into, 0, pageSize);
      return;
    }
    queue.awaitLanded(key);
    boolean zeroed = chunk.isPresent() && chunk.get().zero().get(page);
    if (zeroed || !isAnyWritten(block.index(), offset, pageSize)) {
      into.fill((byte) 0);
    } else {
      file.read(places.get(block.index()).pagesOffset() + offset, into);
    }
  }

  /**
   * Writes all pages received so far and waits for the writes.
   *
   * @return for each block, the pages that the file holds
   */
  List<PageBitmap> flush() {
    open.values().forEach(queue::submit);
    open.clear();
    last = Optional.empty();
    queue.awaitAllLanded();
    return written;
  }

  /**
   * Writes all pages received so far and frees space that no page needs; no page may follow.
   *
   * @return for each block, the pages that the file holds
   */
  List<PageBitmap> finish() {
    flush();
    allocation.end();
    return written;
  }

  private Chunk chunk(int block, long index) {
    if (last.isPresent()
        && last.get().key().index() == index
        && last.get().key().block() == block) {
      return last.get();
    }
    Chunk.Key key = new Chunk.Key(block, index);
    Chunk chunk = open.get(key);
    if (chunk == null) {
      chunk = take(key);
      open.put(key, chunk);
    }
    last = Optional.of(chunk);
    return chunk;
  }

  private Chunk take(Chunk.Key key) {
    if (open.size() == MAX_OPEN) {
      Iterator<Chunk> oldest = open.values().iterator();
      queue.submit(oldest.next());
      oldest.remove();
    }
    return queue.take(key);
  }

  private void submitIfFull(Chunk chunk) {
    if (chunk.isFull(places.get(chunk.key().block()), pageSize)) {
      open.remove(chunk.key());
      last = Optional.empty();
      queue.submit(chunk);
    }
  }

  private void writeQueued() {
    for (Optional<Chunk> next = queue.next(); next.isPresent(); next = queue.next()) {
      Chunk chunk = next.get();
      queue.landed(chunk, queue.hasFailed() ? Optional.empty() : tryWrite(chunk));
    }
  }

  /** All failures in a thread must reach the thread that waits for it. */
  @SuppressWarnings("CatchThrowable")
  private Optional<Throwable> tryWrite(Chunk chunk) {
    try {
      write(chunk);
      return Optional.empty();
    } catch (Throwable e) {
      return Optional.of(e);
    } finally {
      allocation.landed(chunk.key());
    }
  }

  private void write(Chunk chunk) {
    BitSet data = chunk.data();
    for (int page = data.nextSetBit(0); page >= 0; page = data.nextSetBit(page + 1)) {
      if (ZeroPages.isZero(chunk.buffer(), (long) page * pageSize, pageSize)) {
        chunk.putZero((long) page * pageSize, pageSize, pageSize);
      }
    }
    int block = chunk.key().block();
    allocation.writing(chunk.key(), data.cardinality() == chunk.pages(places.get(block), pageSize));
    PageBitmap bitmap = written.get(block);
    long firstPage = firstPage(chunk);
    boolean others;
    synchronized (bitmap) {
      others = bitmap.isAnySet(firstPage, chunk.pages(places.get(block), pageSize));
    }
    forEachRun(
        fillGaps(chunk),
        (from, end) -> {
          writeRun(chunk, from, end);
          synchronized (bitmap) {
            forEachRun(
                data.get(from, end),
                (first, after) -> bitmap.set(firstPage + from + first, after - first));
          }
        });
    BitSet stale = new BitSet();
    synchronized (bitmap) {
      chunk.zero().stream().filter(page -> bitmap.get(firstPage + page)).forEach(stale::set);
    }
    forEachRun(stale, (from, end) -> punch(chunk, from, end));
    prints.update(chunk, stale, others);
  }

  private long firstPage(Chunk chunk) {
    return chunk.key().index() * (Chunk.BYTES / pageSize);
  }

  /**
   * The pages to write: those with content, and small gaps between them as zeros. A page in a gap
   * has no bit, so the file has zeros there, and writing zeros changes nothing. No write of newer
   * content can be overtaken: a piece is in one chunk at a time from {@link ChunkQueue#submit} to
   * {@link ChunkQueue#landed}, so that only this thread writes it or changes its bits, and a page
   * that comes meanwhile waits in {@link ChunkQueue#take}. A page of this chunk that becomes zero
   * and has a bit is in no gap; it is punched.
   */
  private BitSet fillGaps(Chunk chunk) {
    BitSet pages = (BitSet) chunk.data().clone();
    PageBitmap bitmap = written.get(chunk.key().block());
    long firstPage = firstPage(chunk);
    BitSet gaps;
    synchronized (bitmap) {
      gaps = SmallGaps.of(pages, page -> bitmap.get(firstPage + page), pageSize);
    }
    if (!gaps.isEmpty() && allocation.filling(chunk.key())) {
      forEachRun(
          gaps,
          (from, end) ->
              chunk
                  .buffer()
                  .asSlice((long) from * pageSize, (long) (end - from) * pageSize)
                  .fill((byte) 0));
      pages.or(gaps);
    }
    return pages;
  }

  /**
   * Punches pages that became zero, and with them gaps beside them that were written as zeros: such
   * a gap keeps its space only between two pages with content.
   */
  private void punch(Chunk chunk, int from, int end) {
    PageBitmap bitmap = written.get(chunk.key().block());
    long firstPage = firstPage(chunk);
    int pages = (int) chunk.pages(places.get(chunk.key().block()), pageSize);
    int first = from;
    int after = end;
    synchronized (bitmap) {
      bitmap.clear(firstPage + from, end - from);
      int maxPages = SmallGaps.MAX_BYTES / pageSize;
      while (first > Math.max(0, from - maxPages) && !bitmap.get(firstPage + first - 1)) {
        first--;
      }
      while (after < Math.min(pages, end + maxPages) && !bitmap.get(firstPage + after)) {
        after++;
      }
    }
    file.punch(position(chunk) + (long) first * pageSize, (long) (after - first) * pageSize);
  }

  private long position(Chunk chunk) {
    return places.get(chunk.key().block()).pagesOffset() + chunk.key().index() * Chunk.BYTES;
  }

  /**
   * Writes a run. A disk that is full may have room for the pages with content once the space that
   * was allocated ahead or has zeros is free again.
   */
  private void writeRun(Chunk chunk, int from, int end) {
    try {
      writePages(chunk, from, end);
    } catch (StorageException e) {
      BitSet data = chunk.data();
      boolean gaps = data.nextClearBit(from) < end;
      if (!NO_SPACE.contains(e.errno()) || !(allocation.freeAll() || gaps)) {
        throw e;
      }
      for (int first = from; first < end; ) {
        int after = Math.min(end, data.nextClearBit(first));
        writePages(chunk, first, after);
        first = data.nextSetBit(after);
        if (first < 0) {
          first = end;
        }
      }
    }
  }

  private void writePages(Chunk chunk, int from, int end) {
    long offset = (long) from * pageSize;
    long length = (long) (end - from) * pageSize;
    // The class of an event takes long to set up, for nobody if nothing is recorded.
    if (!FlightRecorder.isInitialized()) {
      file.writePages(position(chunk) + offset, chunk.buffer(), offset, length);
      return;
    }
    RunWrittenEvent event = new RunWrittenEvent();
    event.begin();
    file.writePages(position(chunk) + offset, chunk.buffer(), offset, length);
    event.end(
        places.get(chunk.key().block()).block().name(),
        chunk.key().index() * Chunk.BYTES + offset,
        length);
  }

  /** Receives a run of set bits; the end is exclusive. */
  private interface RunConsumer {
    void accept(int from, int end);
  }

  private static void forEachRun(BitSet bits, RunConsumer consumer) {
    for (int from = bits.nextSetBit(0); from >= 0; ) {
      int end = bits.nextClearBit(from);
      consumer.accept(from, end);
      from = bits.nextSetBit(end);
    }
  }

  /** Ends the threads; pages that were not flushed are dropped. */
  @Override
  public void close() {
    queue.stop();
    threads.forEach(Threads::joinUninterruptibly);
    arena.close();
  }
}
