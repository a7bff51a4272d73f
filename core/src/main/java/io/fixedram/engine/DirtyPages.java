// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The pages of a guest's memory that are still to be sent. They are taken from its dirty log, and
 * put back if the save fails. Not thread-safe.
 *
 * <p>Empty blocks are omitted: the stream's list of blocks ends with the last byte of RAM, so that
 * a reader does not expect them.
 */
final class DirtyPages {
  private final GuestMemory memory;
  private final List<Block> blocks = new ArrayList<>();
  private boolean logging;

  /** A block that has pages. */
  static final class Block {
    private final RamBlock own;
    private final RamBlock inSave;
    private final long pages;
    private PageBitmap pending;

    /** Every mark taken from the log. */
    private final PageBitmap taken;

    private Block(RamBlock own, RamBlock inSave, long pages) {
      this.own = own;
      this.inSave = inSave;
      this.pages = pages;
      this.pending = new PageBitmap(pages);
      this.taken = new PageBitmap(pages);
    }

    /** The block of the memory. */
    RamBlock own() {
      return own;
    }

    /** The block as listed in the save. */
    RamBlock inSave() {
      return inSave;
    }

    /** Pages still to be sent. */
    PageBitmap pending() {
      return pending;
    }

    /** Records that all pages have been sent. */
    void sent() {
      pending = new PageBitmap(pages);
    }
  }

  /** Starts without dirty pages. */
  DirtyPages(GuestMemory memory) {
    this.memory = memory;
    for (RamBlock own : memory.blocks().list()) {
      if (own.usedLength() > 0) {
        RamBlock inSave = new RamBlock(blocks.size(), own.name(), own.usedLength());
        blocks.add(new Block(own, inSave, memory.blocks().pages(own)));
      }
    }
  }

  /** The blocks that have pages, in the order of the save. */
  List<Block> blocks() {
    return blocks;
  }

  /** Starts the log. All pages are to be sent, whether marked or not. */
  void begin() {
    logging = true;
    memory.dirtyLog().start();
    collect();
    blocks.forEach(block -> block.pending.set(0, block.pages));
  }

  /** Moves the log's marks to the pages to be sent; returns the number of marks. */
  long collect() {
    long moved = 0;
    for (Block block : blocks) {
      try {
        moved += memory.dirtyLog().collect(block.own.index(), block.pending);
      } finally {
        block.pending.forEachRun(block.taken::set);
      }
    }
    return moved;
  }

  /** Bytes of all pages to be sent. */
  long bytes() {
    long pages = blocks.stream().mapToLong(block -> block.pending.cardinality()).sum();
    return pages * memory.blocks().targetPageSize();
  }

  /** Stops the log after all pages are saved. */
  void end() {
    logging = false;
    memory.dirtyLog().stop();
  }

  /**
   * Puts all marks back into the log and stops it.
   *
   * @param cause exception to which failures are added as suppressed
   */
  void putBack(Throwable cause) {
    for (Block block : blocks) {
      Undo.attempt(
          cause,
          () ->
              block.taken.forEachRun(
                  (page, count) -> memory.dirtyLog().mark(block.own.index(), page, count)));
    }
    if (logging) {
      logging = false;
      Undo.attempt(cause, memory.dirtyLog()::stop);
    }
  }
}
