// SPDX-License-Identifier: Apache-2.0
package io.fixedram.mapping;

import io.fixedram.bytes.LocalFile;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;
import io.fixedram.os.FileLocks;
import io.fixedram.os.SystemCalls;

/**
 * A lock on a save that guests run on: writers of this project don't replace the file, and changes
 * by other programs are detected. The lock is a shared flock(2), so that any number of guests can
 * share a save. It belongs to the open file and lasts until the last process that has a copy of
 * {@link #number()} has closed it. On a file system without locks, changes are still detected. Safe
 * for use by several threads: a closed hold, whose file may be another's by then, reports nothing.
 */
public final class SaveHold implements AutoCloseable {
  /**
   * Position of the mark that distinguishes a hold from locks of other readers, such as flock(1).
   */
  public static final long MARK = 0x4652_414d_0000_0000L;

  private final LocalFile file;
  private boolean closed;

  private SaveHold(LocalFile file) {
    this.file = file;
  }

  /**
   * Locks a save, provided that it is unchanged since it was opened. The hold outlives the store of
   * the save.
   *
   * @param opened the file of the save
   * @throws StorageException if the file cannot be locked, or another file has its name by now
   * @throws DamagedSaveException if the file was changed since it was opened
   */
  public static SaveHold take(LocalFile opened) {
    return take(SystemCalls.linux(), opened);
  }

  /** Locks a save through the given system calls, for tests of faults. */
  public static SaveHold take(SystemCalls calls, LocalFile opened) {
    LocalFile file = LocalFile.open(opened.path());
    try {
      FileLocks locks = new FileLocks(calls, file.number(), file.path());
      if (!locks.tryLockIfSupported(true)) {
        throw new StorageException(
            "cannot run guests on " + file.name() + ": it is being replaced just now; try again",
            Errno.EAGAIN.number());
      }
      // Where there are no such marks, every lock counts as a hold.
      var _ = locks.mark(MARK);
      if (opened.replaced() || file.replaced()) {
        throw new StorageException(
            "cannot run guests on " + file.name() + ": it has just been replaced; try again", 0);
      }
      // Last, so that a change before the second opening is noticed too.
      opened.state().throwIfChanged(file.name());
      return new SaveHold(file);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Checks that the file is unchanged. A change of content is detected by the file's modification
   * time, in the resolution of the file system. Does nothing once this is closed.
   *
   * @throws DamagedSaveException if the file was changed
   */
  public synchronized void check() {
    if (!closed) {
      file.state().throwIfChanged(file.name());
    }
  }

  /**
   * Whether the file's name is gone or names another file now; false once this is closed. The held
   * file is not affected.
   */
  public synchronized boolean replaced() {
    return !closed && file.replaced();
  }

  /** Number of the locked file descriptor, for handing the hold to another process. */
  public int number() {
    return file.number();
  }

  /** Releases the lock, unless another process has a copy of the descriptor. */
  @Override
  public synchronized void close() {
    closed = true;
    file.close();
  }
}
