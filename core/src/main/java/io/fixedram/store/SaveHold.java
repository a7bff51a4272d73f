// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.write.SaveWriter;

/**
 * Holds a save that guests run on: no save takes its name ({@link SaveWriter} refuses to), and what
 * others do to it is noticed. The hold is a shared flock(2), so that any number of guests can share
 * a save, and goes with the open file: it lasts until the last process that has a copy of {@link
 * #number()} has closed it. Where the file system has no locks only the noticing is left. Safe for
 * use by several threads, but for {@link #close()}, which must come last.
 */
public final class SaveHold implements AutoCloseable {
  private final Descriptor descriptor;
  private final Descriptor.Status held;

  private SaveHold(Descriptor descriptor, Descriptor.Status held) {
    this.descriptor = descriptor;
    this.held = held;
  }

  /**
   * Holds an open save as it was when it was opened. The hold does not end with the save.
   *
   * @throws StorageException if the file cannot be locked, was changed since, or another one has
   *     its name by now
   */
  public static SaveHold take(FixedSave save) {
    Descriptor descriptor = save.descriptor().reopen(Descriptor.Mode.READ);
    try {
      if (!descriptor.tryLockIfSupported(true)) {
        throw new StorageException(
            "cannot run guests on " + save.path() + ": it is being replaced just now; try again",
            Errno.EAGAIN.number());
      }
      SaveHold hold = new SaveHold(descriptor, save.opened());
      if (!descriptor.status().key().equals(save.opened().key()) || hold.replaced()) {
        throw new StorageException(
            "cannot run guests on " + save.path() + ": it has just been replaced; try again", 0);
      }
      hold.check();
      return hold;
    } catch (FixedRamException e) {
      descriptor.close();
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
    Descriptor.Status now = descriptor.status();
    if (now.sizeBytes() != held.sizeBytes()) {
      throw new DamagedSaveException(
          descriptor.path()
              + " was changed since it was opened: it had "
              + held.sizeBytes()
              + " bytes and has "
              + now.sizeBytes()
              + "; the guest's memory can't be trusted");
    }
    if (!now.modified().equals(held.modified())) {
      throw new DamagedSaveException(
          descriptor.path()
              + " was changed since it was opened, at "
              + now.modified()
              + "; the guest's memory can't be trusted");
    }
  }

  /** Whether its name is gone or that of another file now. What was held stays as it is. */
  public boolean replaced() {
    try (Descriptor named = descriptor.reopen(Descriptor.Mode.READ)) {
      return !named.status().key().equals(held.key());
    } catch (StorageException e) {
      return e.errno() == Errno.ENOENT.number() || e.errno() == Errno.ENOTDIR.number();
    }
  }

  /** The held descriptor's number, to hand the hold over to another process. */
  public int number() {
    return descriptor.number();
  }

  /** Lets go, unless another process has a copy of the descriptor. */
  @Override
  public void close() {
    descriptor.close();
  }
}
