// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.LocalFile;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;

/**
 * Holds a save that guests run on: no writer of ours takes its name, and what others do to it is
 * noticed. The hold is a shared flock(2), so that any number of guests can share a save, and goes
 * with the open file: it lasts until the last process that has a copy of {@link #number()} has
 * closed it. Where the file system has no locks only the noticing is left. Safe for use by several
 * threads, but for {@link #close()}, which must come last.
 */
public final class SaveHold implements AutoCloseable {
  /** Tells a hold from the locks of programs that only read a save, such as flock(1). */
  public static final long MARK = 0x4652_414d_0000_0000L;

  private final LocalFile file;

  private SaveHold(LocalFile file) {
    this.file = file;
  }

  /**
   * Holds a save as it was when it was opened. The hold does not end with the save.
   *
   * @param opened the file of the save
   * @throws StorageException if the file cannot be locked, was changed since, or another one has
   *     its name by now
   */
  public static SaveHold take(LocalFile opened) {
    LocalFile file = opened.reopen();
    try {
      if (!file.tryLockShared()) {
        throw new StorageException(
            "cannot run guests on " + file.name() + ": it is being replaced just now; try again",
            Errno.EAGAIN.number());
      }
      // Where there are no such marks, every lock counts as a hold.
      var _ = file.mark(MARK);
      SaveHold hold = new SaveHold(file);
      if (!file.isFirstOpened() || hold.replaced()) {
        throw new StorageException(
            "cannot run guests on " + file.name() + ": it has just been replaced; try again", 0);
      }
      hold.check();
      return hold;
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Looks whether the file is still what was held. A change of content shows by its time, which has
   * the resolution that the file system gives it.
   *
   * @throws DamagedSaveException if it was changed
   */
  public void check() {
    file.state().throwIfChanged(file.name());
  }

  /** Whether its name is gone or that of another file now. What was held stays as it is. */
  public boolean replaced() {
    return file.replaced();
  }

  /** The held descriptor's number, to hand the hold over to another process. */
  public int number() {
    return file.number();
  }

  /** Lets go, unless another process has a copy of the descriptor. */
  @Override
  public void close() {
    file.close();
  }
}
