// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.guest.PageBitmap;

/**
 * A log of the written pages of a guest's memory. Any number of threads may mark pages while one
 * thread collects.
 *
 * <p>The contract that makes a save consistent: a writer first writes a page and then marks it; a
 * save first collects the mark, which clears it, and then reads the page. Every mark is returned by
 * exactly one collection; a read after that collection sees all writes made before the mark. An
 * implementation for memory written by native code (a hypervisor's dirty log, write protection)
 * must give the same guarantees.
 *
 * <p>{@link #start}, {@link #collect} and {@link #stop} are called by the migration's thread, which
 * is interrupted when the migration is cancelled.
 *
 * <p>Blocks are given by their index in the list of the {@link GuestMemory}; pages are target
 * pages.
 */
public interface DirtyLog {

  /** Starts logging of writes, at the beginning of a migration. */
  default void start() {}

  /** Stops logging of writes, after the end of a migration, whatever its outcome. */
  default void stop() {}

  /**
   * Marks a run of pages as written or to be saved again. May also be called before {@link #start}
   * and after {@link #stop}: a migration that fails puts its marks back, which are kept for the
   * next one.
   */
  void mark(int block, long page, long count);

  /**
   * Moves the marks of a block to a bitmap. If it fails, every mark is either still in the log or
   * in the bitmap.
   *
   * @param into bitmap in which the bit of each marked page is set; other bits are not changed
   * @return number of marks moved
   */
  long collect(int block, PageBitmap into);
}
