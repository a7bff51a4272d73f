// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.os.Descriptor;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/** Reads windows of pages from a fixed-offset file. Safe for use by several threads. */
final class PageReader {
  /** Shorter windows are read without asking whether the file has a hole there. */
  private static final long LEAST_ASKED_BYTES = 256 << 10;

  /** One read takes all of a window if the file holds at least one in so many of its pages. */
  private static final int SPARSENESS = 4;

  private final Descriptor descriptor;

  PageReader(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Reads what the file holds of a window, each page to its place in a buffer.
   *
   * @return false if all of that is a hole of the file, and the buffer was not used
   * @throws DamagedSaveException if the file ends before
   */
  boolean read(PageWindow window, MemorySegment buffer) {
    if (!window.isHeld() || isHole(window)) {
      return false;
    }
    long held = heldPages(window);
    if (held * SPARSENESS >= window.endHeld() - window.firstHeld()) {
      readRun(window, window.firstHeld(), window.endHeld(), buffer);
      return true;
    }
    window
        .bitmap()
        .forEachRun(
            window.firstHeld(),
            window.endHeld(),
            (page, count) -> readRun(window, page, page + count, buffer));
    return true;
  }

  private boolean isHole(PageWindow window) {
    if (window.heldBytes() < LEAST_ASKED_BYTES) {
      return false;
    }
    OptionalLong data = descriptor.nextData(window.position());
    long end = window.position() + window.heldBytes();
    return data.isPresent() ? data.getAsLong() >= end : descriptor.status().sizeBytes() >= end;
  }

  private static long heldPages(PageWindow window) {
    long[] held = {0};
    window
        .bitmap()
        .forEachRun(window.firstHeld(), window.endHeld(), (page, count) -> held[0] += count);
    return held[0];
  }

  private void readRun(PageWindow window, long page, long end, MemorySegment buffer) {
    long offset = (page - window.firstHeld()) * window.pageSize();
    readFully(window.position() + offset, buffer, offset, (end - page) * window.pageSize());
  }

  /** Reads so many bytes. */
  void readFully(long position, MemorySegment into, long offset, long length) {
    long count = descriptor.readFully(position, into, offset, length);
    if (count < length) {
      throw new DamagedSaveException(
          descriptor.path() + " is incomplete: it ends at offset " + (position + count));
    }
  }
}
