// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.os.AnonymousMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The memory of a guest in this process: RAM blocks, each in a memory segment, and the log of
 * written pages.
 *
 * <p>The caller owns the memory: it must outlive every migration and load of it, and nothing here
 * frees it. Any number of threads may write it at any time, also while it is saved, if each of them
 * calls {@link #markDirty} <em>after</em> writing, or writes through {@link #write}. During a load
 * no other thread may write it.
 *
 * <p>Only one migration or load can use the memory at a time; a second one is refused.
 */
public final class GuestMemory {
  private static final String NOBODY = "";

  private final RamBlocks blocks;
  private final List<MemorySegment> segments;
  private final DirtyLog dirtyLog;
  private final int pageShift;
  private final AtomicReference<String> user = new AtomicReference<>(NOBODY);

  private GuestMemory(RamBlocks blocks, List<MemorySegment> segments, DirtyLog dirtyLog) {
    this.blocks = blocks;
    this.segments = List.copyOf(segments);
    this.dirtyLog = dirtyLog;
    this.pageShift = Integer.numberOfTrailingZeros(blocks.targetPageSize());
  }

  /**
   * Maps anonymous memory for every block. It reads as zeros, and a page takes host memory once it
   * is written.
   *
   * @param arena arena that frees the memory, accessible by all threads: shared, automatic or
   *     global
   */
  public static GuestMemory allocate(Arena arena, RamBlocks blocks) {
    return of(
        blocks,
        blocks.list().stream()
            .map(block -> AnonymousMemory.allocate(arena, block.usedLength()))
            .toList());
  }

  /** Uses the caller's memory with an {@link AtomicDirtyLog}. */
  public static GuestMemory of(RamBlocks blocks, List<MemorySegment> segments) {
    return of(blocks, segments, new AtomicDirtyLog(blocks));
  }

  /**
   * Uses the caller's memory and log.
   *
   * @param segments for each block, in the order of the list, memory of at least its used length,
   *     accessible by all threads: off-heap, mapped from a file, or on the heap
   * @throws FixedRamException naming the block whose memory can't be used
   */
  public static GuestMemory of(RamBlocks blocks, List<MemorySegment> segments, DirtyLog dirtyLog) {
    List<RamBlock> list = blocks.list();
    if (segments.size() != list.size()) {
      throw new FixedRamException(
          segments.size() + " memory segments were given for " + list.size() + " RAM blocks");
    }
    List<MemorySegment> used = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      used.add(usedPart(list.get(i), i, segments.get(i)));
    }
    return new GuestMemory(blocks, used, dirtyLog);
  }

  private static MemorySegment usedPart(RamBlock block, int index, MemorySegment segment) {
    if (block.index() != index) {
      throw new FixedRamException(
          "RAM block " + block + " has index " + block.index() + " but stands at " + index);
    }
    if (segment.byteSize() < block.usedLength()) {
      throw new FixedRamException(
          "RAM block "
              + block
              + " uses "
              + block.usedLength()
              + " bytes, but its memory has only "
              + segment.byteSize());
    }
    if (!segment.isAccessibleBy(Thread.ofPlatform().unstarted(() -> {}))) {
      throw new FixedRamException(
          "the memory of RAM block "
              + block
              + " belongs to one thread: allocate it from a shared arena");
    }
    return segment.asSlice(0, block.usedLength());
  }

  /** The RAM blocks. */
  public RamBlocks blocks() {
    return blocks;
  }

  /** The memory of a block, with its used length. Call {@link #markDirty} after writing to it. */
  public MemorySegment segment(RamBlock block) {
    return segments.get(block.index());
  }

  /** The log of written pages. */
  public DirtyLog dirtyLog() {
    return dirtyLog;
  }

  /**
   * Marks the pages of written bytes as dirty. May be called by any thread and does not block.
   *
   * @param offset offset in the block of the first byte written
   * @param lengthBytes number of bytes; nothing is marked if it is 0 or less
   * @throws IndexOutOfBoundsException if the bytes are not in the block
   */
  public void markDirty(RamBlock block, long offset, long lengthBytes) {
    if (lengthBytes > 0) {
      long first = offset >>> pageShift;
      long last = (offset + lengthBytes - 1) >>> pageShift;
      dirtyLog.mark(block.index(), first, last - first + 1);
    }
  }

  /**
   * Writes bytes to a block and marks their pages, also if the copy fails half-way.
   *
   * @param offset offset in the block
   * @param from memory to copy completely
   * @throws IndexOutOfBoundsException if the bytes do not fit into the block; nothing is written
   *     then
   */
  public void write(RamBlock block, long offset, MemorySegment from) {
    MemorySegment target = segment(block).asSlice(offset, from.byteSize());
    try {
      target.copyFrom(from);
      markDirty(block, offset, from.byteSize());
    } catch (RuntimeException | Error failure) {
      // The JVM may report a fault of the copy late, even in the midst of the marking.
      markDirty(block, offset, from.byteSize());
      throw failure;
    }
  }

  /** The exclusive use of the memory by a migration or load. */
  public interface Use extends AutoCloseable {
    /** Ends the use. */
    @Override
    void close();
  }

  /**
   * Reserves the memory for one migration or load.
   *
   * @param purpose what the memory is used for, for the error of a second user
   * @throws FixedRamException if the memory is in use
   */
  public Use use(String purpose) {
    String current = user.compareAndExchange(NOBODY, purpose);
    if (!current.equals(NOBODY)) {
      throw new FixedRamException(
          "cannot begin a " + purpose + " of this memory: a " + current + " is under way");
    }
    return () -> user.set(NOBODY);
  }
}
