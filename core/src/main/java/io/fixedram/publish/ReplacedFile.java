// SPDX-License-Identifier: Apache-2.0
package io.fixedram.publish;

import io.fixedram.error.StorageException;
import io.fixedram.mapping.SaveHold;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * The file that is about to be replaced, if there is one. It is locked until this object is closed,
 * so that no process can begin to run guests on it ({@link SaveHold}). A file that can't be read or
 * locked, or that a reader has locked, is replaced without a lock: a rename needs neither, and
 * processes that have the file open keep it.
 */
public final class ReplacedFile implements AutoCloseable {
  /** Errors for a file that does not exist or may not be read. */
  private static final Set<Integer> IGNORED_ERRORS =
      Set.of(Errno.ENOENT.number(), Errno.EACCES.number(), Errno.EPERM.number());

  private final Optional<Descriptor> descriptor;

  private ReplacedFile(Optional<Descriptor> descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Opens and locks the file. The caller must hold the lock on the file that replaces it.
   *
   * @throws StorageException if guests run on the file, or opening fails for a reason other than
   *     absence or permissions
   */
  public static ReplacedFile open(SystemCalls calls, Path path) {
    Descriptor descriptor;
    try {
      descriptor = Descriptor.open(calls, path, Descriptor.Mode.READ);
    } catch (StorageException e) {
      if (IGNORED_ERRORS.contains(e.errno())) {
        return new ReplacedFile(Optional.empty());
      }
      throw e;
    }
    try {
      if (!descriptor.locks().tryLockIfSupported(false)
          && isShared(descriptor)
          && descriptor.locks().isMarked(SaveHold.MARK)) {
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

  /**
   * Whether the other lock is shared; it is exclusive if a writer has just given the file its name.
   */
  private static boolean isShared(Descriptor descriptor) {
    return descriptor.locks().tryLock(true) && !descriptor.locks().tryLock(false);
  }

  @Override
  public void close() {
    descriptor.ifPresent(Descriptor::close);
  }
}
