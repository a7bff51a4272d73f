// SPDX-License-Identifier: Apache-2.0
package io.fixedram.publish;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SystemCalls;
import java.nio.file.Path;
import java.util.Set;

/**
 * Checks, before a file is written, whether it can be renamed to its final name. Conditions that
 * only a server knows, such as those of NFS, are not detected.
 */
final class NewName {
  /** Errors that are ignored here, since creating a file in the directory reports the reason. */
  private static final Set<Integer> IGNORED_ERRORS =
      Set.of(Errno.ENOENT.number(), Errno.EACCES.number(), Errno.EPERM.number());

  private NewName() {}

  /**
   * Checks a name.
   *
   * @param target the path as the user gave it, for errors
   * @param name the final path, with links resolved
   * @throws StorageException if the kernel would refuse the rename
   */
  static void check(SystemCalls calls, Path target, Path name) {
    Path directory = name.resolveSibling("");
    if (status(calls, target, directory).appendOnly()) {
      throw refused(
          target,
          "its directory is append-only, so that no file in it can be renamed",
          Errno.EPERM);
    }
    try {
      if (status(calls, target, name).mountPoint()) {
        throw refused(
            target, "something is mounted on it, so that no file can take its name", Errno.EBUSY);
      }
    } catch (StorageException e) {
      if (IGNORED_ERRORS.contains(e.errno())) {
        return;
      }
      throw e;
    }
    // rmdir(2) never removes a regular file, but the kernel checks first whether its name may be
    // removed.
    if (Errno.EPERM.is(calls.removeDirectory(name.toString()))) {
      throw refused(
          target,
          "the file of that name can't be replaced: it is immutable or append-only, or another"
              + " user's in a directory with the sticky bit",
          Errno.EPERM);
    }
  }

  private static StorageException refused(Path target, String why, Errno errno) {
    return new StorageException("cannot write " + target + ": " + why, errno.number());
  }

  private static Descriptor.Status status(SystemCalls calls, Path target, Path path) {
    try (Descriptor descriptor = Descriptor.open(calls, path, Descriptor.Mode.NAME)) {
      return descriptor.status();
    } catch (StorageException e) {
      throw new StorageException(
          "cannot write " + target + ": " + Errno.text(e.errno()), e.errno());
    }
  }
}
