// SPDX-License-Identifier: Apache-2.0
package io.fixedram.publish;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import io.fixedram.store.SaveHold;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * The file whose name another one is to take, if there is one: locked against those who would begin
 * to run guests on it ({@link SaveHold}) until this is closed. A file that can't be read or locked,
 * or that a reader has locked, is replaced without: a new name for a file needs neither, and who
 * has the file open keeps it.
 */
public final class ReplacedFile implements AutoCloseable {
  /** Why a file can't be looked at: it is not there, or not for us. */
  private static final Set<Integer> NOT_TO_BE_SEEN =
      Set.of(Errno.ENOENT.number(), Errno.EACCES.number(), Errno.EPERM.number());

  private final Optional<Descriptor> descriptor;

  private ReplacedFile(Optional<Descriptor> descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Opens and locks it. Only who has the lock on the file to be renamed may do so.
   *
   * @throws StorageException if guests run on it, or it can't be opened though it might be
   */
  public static ReplacedFile open(SystemCalls calls, Path path) {
    Descriptor descriptor;
    try {
      descriptor = Descriptor.open(calls, path, Descriptor.Mode.READ);
    } catch (StorageException e) {
      if (NOT_TO_BE_SEEN.contains(e.errno())) {
        return new ReplacedFile(Optional.empty());
      }
      throw e;
    }
    try {
      if (!descriptor.tryLockIfSupported(false)
          && isShared(descriptor)
          && descriptor.isMarked(SaveHold.MARK)) {
        throw new StorageException(
            "cannot write " + path + ": guests run on it; save under another name",
            Errno.EBUSY.number());
      }
      return new ReplacedFile(Optional.of(descriptor));
    } catch (RuntimeException | Error e) {
      descriptor.close();
      throw e;
    }
  }

  /** Not so if the other lock is that of a writer which has just given the file its name. */
  private static boolean isShared(Descriptor descriptor) {
    return descriptor.tryLock(true) && !descriptor.tryLock(false);
  }

  @Override
  public void close() {
    descriptor.ifPresent(Descriptor::close);
  }
}
