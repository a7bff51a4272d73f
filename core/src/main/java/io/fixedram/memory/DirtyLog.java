// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.guest.PageBitmap;

/**
 * Which pages of a guest's memory were written. Any number of threads mark, one collects, at the
 * same time.
 *
 * <p>The contract that keeps a save right: a writer first writes a page and then marks it; whoever
 * saves first collects a mark, which clears it, and then reads the page. A mark that is made before
 * a collection is in it, or in a later one; a collection that has a mark sees what was written
 * before the mark was made. An implementation for memory that native code writes (a hypervisor's
 * dirty log, write protection) must give the same.
 *
 * <p>{@link #start}, {@link #collect} and {@link #stop} are called by the thread of the migration,
 * which may be interrupted meanwhile: it was cancelled then.
 *
 * <p>Blocks go by their index in the list of the {@link GuestMemory}, pages are target pages.
 */
public interface DirtyLog {

  /** Makes sure that writes are logged from now on; a migration begins. */
  default void start() {}

  /** Writes need no longer be logged; the migration is over, however it ended. */
  default void stop() {}

  /**
   * Notes that a run of pages was written, or has to be saved again. Also before {@link #start} and
   * after {@link #stop}, where a migration that comes to nothing puts its marks back: such marks
   * stay for the next one.
   */
  void mark(int block, long page, long count);

  /**
   * Moves the marks of a block into a bitmap and clears them here. If it fails, every mark is
   * either still here or in the bitmap.
   *
   * @param into takes a set bit for each marked page; other bits stay as they are
   * @return number of marks moved
   */
  long collect(int block, PageBitmap into);
}
