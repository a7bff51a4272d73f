// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Copies pages of a stopped guest to other memory, from which a thread passes them on to a sink
 * that is slower than memory, so that the guest can be resumed as soon as the pages are read. If
 * that memory is full, the threads that read pages wait for the sink. No page may be passed twice,
 * since the order across threads is not kept.
 *
 * <p>A failure of the sink is thrown by every later call.
 */
final class CopyAside implements AutoCloseable {
  /** With fewer pieces, threads would wait for each other. */
  static final int MIN_PIECES_PER_THREAD = 2;

  static final int PIECE_BYTES = 1 << 20;

  private final PageSink target;
  private final RamBlocks blocks;
  private final Cancellation cancellation;
  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<CopyBuffer> free = new LinkedBlockingQueue<>();
  private final BlockingQueue<Optional<CopyBuffer>> full = new LinkedBlockingQueue<>();
  private final List<Lane> lanes = new ArrayList<>();
  private final Thread thread;
  private volatile Optional<Throwable> failure = Optional.empty();
  private volatile boolean unwanted;

  /**
   * Allocates and populates the memory, so that the kernel need not do this during the stop.
   *
   * @param target sink for the pages; until {@link #close}, only this object's thread may use it
   * @param bytes size of the memory, rounded down to MiB; at least {@link #minBytes}
   */
  CopyAside(PageSink target, RamBlocks blocks, long bytes, Cancellation cancellation) {
    this.target = target;
    this.blocks = blocks;
    this.cancellation = cancellation;
    long pieces = bytes / PIECE_BYTES;
    try {
      MemorySegment memory = AnonymousMemory.allocateHuge(arena, pieces * PIECE_BYTES);
      AnonymousMemory.populate(memory);
      for (long i = 0; i < pieces; i++) {
        free.add(new CopyBuffer(memory.asSlice(i * PIECE_BYTES, PIECE_BYTES)));
      }
      thread = Thread.ofPlatform().daemon().name("fixedram copies").start(this::handOn);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Minimum size of the memory for a number of threads. */
  static long minBytes(int threads) {
    return (long) threads * MIN_PIECES_PER_THREAD * PIECE_BYTES;
  }

  /**
   * Pages of one thread, and from the end downwards a record for each run of them: block, offset,
   * and length, which is negative for zero pages.
   */
  private static final class CopyBuffer {
    private static final int RECORD_BYTES = 3 * Long.BYTES;

    private final MemorySegment memory;
    private long dataEnd;
    private long records = PIECE_BYTES;

    CopyBuffer(MemorySegment memory) {
      this.memory = memory;
    }

    /** Bytes of pages that fit with their record; negative if not even the record fits. */
    long room(int pageBytes) {
      long bytes = records - RECORD_BYTES - dataEnd;
      return bytes < 0 ? -1 : bytes - bytes % pageBytes;
    }

    void putData(int block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      MemorySegment.copy(from, fromOffset, memory, dataEnd, lengthBytes);
      dataEnd += lengthBytes;
      putRecord(block, offset, lengthBytes);
    }

    void putZero(int block, long offset, long lengthBytes) {
      putRecord(block, offset, -lengthBytes);
    }

    private void putRecord(int block, long offset, long length) {
      records -= RECORD_BYTES;
      memory.set(JAVA_LONG, records, block);
      memory.set(JAVA_LONG, records + Long.BYTES, offset);
      memory.set(JAVA_LONG, records + 2 * Long.BYTES, length);
    }

    void sendTo(PageSink sink, RamBlocks blocks) {
      long data = 0;
      for (long at = PIECE_BYTES - RECORD_BYTES; at >= records; at -= RECORD_BYTES) {
        RamBlock block = blocks.list().get((int) memory.get(JAVA_LONG, at));
        long offset = memory.get(JAVA_LONG, at + Long.BYTES);
        long length = memory.get(JAVA_LONG, at + 2 * Long.BYTES);
        if (length < 0) {
          sink.zero(block, offset, -length);
        } else {
          sink.data(block, offset, memory, data, length);
          data += length;
        }
      }
    }

    void clear() {
      dataEnd = 0;
      records = PIECE_BYTES;
    }
  }

  /** The sink of one thread. */
  private final class Lane implements PageSink {
    private Optional<CopyBuffer> current = Optional.empty();

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      int pageBytes = blocks.targetPageSize();
      for (long done = 0; done < lengthBytes; ) {
        CopyBuffer piece = piece(pageBytes);
        long part = Math.min(lengthBytes - done, piece.room(pageBytes));
        piece.putData(block.index(), offset + done, from, fromOffset + done, part);
        done += part;
      }
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      piece(0).putZero(block.index(), offset, lengthBytes);
    }

    /** A piece with room for a record and this many bytes. */
    private CopyBuffer piece(int bytes) {
      throwFailure();
      if (current.isPresent() && current.get().room(1) >= bytes) {
        return current.get();
      }
      submit();
      CopyBuffer piece = Threads.takeUninterruptibly(free);
      throwFailure();
      current = Optional.of(piece);
      return piece;
    }

    void submit() {
      current.ifPresent(piece -> full.add(Optional.of(piece)));
      current = Optional.empty();
    }
  }

  /** Creates a sink for one thread. */
  PageSink lane() {
    Lane lane = new Lane();
    synchronized (lanes) {
      lanes.add(lane);
    }
    return lane;
  }

  /**
   * Passes on all remaining pages and waits for that; no page may follow.
   *
   * @throws FixedRamException if the sink failed, or the save was cancelled
   */
  void finish() {
    synchronized (lanes) {
      lanes.forEach(Lane::submit);
    }
    full.add(Optional.empty());
    Threads.joinUninterruptibly(thread);
    throwFailure();
  }

  private void throwFailure() {
    if (failure.isPresent()) {
      throw FixedRamException.of("writing pages failed", failure.get());
    }
  }

  /** All failures in this thread must reach the threads that wait for it. */
  @SuppressWarnings("CatchThrowable")
  private void handOn() {
    for (Optional<CopyBuffer> next = Threads.takeUninterruptibly(full);
        next.isPresent();
        next = Threads.takeUninterruptibly(full)) {
      CopyBuffer piece = next.get();
      try {
        if (failure.isEmpty() && !unwanted) {
          cancellation.throwIfCancelled();
          piece.sendTo(target, blocks);
        }
      } catch (Throwable e) {
        failure = Optional.of(e);
      }
      piece.clear();
      free.add(piece);
    }
  }

  /** Ends the thread; pages that were not passed on are dropped. */
  @Override
  public void close() {
    unwanted = true;
    full.add(Optional.empty());
    Threads.joinUninterruptibly(thread);
    arena.close();
  }
}
