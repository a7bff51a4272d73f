// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whether users other than this one and root may change a file, or put another in its place. */
public final class OtherWriters {
  private static final long ROOT = 0;
  private static final int WRITABLE_BY_OTHERS = 0022;

  /** In a directory with this bit, nobody can replace files of others (inode(7)). */
  private static final int STICKY = 01000;

  private OtherWriters() {}

  /** Why others may change a file, as a clause; empty if they may not. */
  public static Optional<String> of(Path file) {
    try {
      Path real = file.toRealPath();
      // Who may write to the directory may put another file there.
      return of(real, "the file", false)
          .or(() -> of(real.resolveSibling("."), "the file's directory", true));
    } catch (IOException e) {
      return Optional.of("its owner can't be determined (" + e.getMessage() + ")");
    }
  }

  private static Optional<String> of(Path path, String what, boolean maySticky) {
    try {
      if (Files.getAttribute(path, "unix:uid") instanceof Number owner
          && owner.longValue() != ROOT
          && owner.longValue() != ownUser()) {
        return Optional.of(what + " belongs to another user");
      }
      if (Files.getAttribute(path, "unix:mode") instanceof Number mode
          && (mode.intValue() & WRITABLE_BY_OTHERS) != 0
          && !(maySticky && (mode.intValue() & STICKY) != 0)) {
        return Optional.of("other users may write to " + what);
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("the owner of " + what + " can't be determined (" + e.getMessage() + ")");
    }
  }

  private static long ownUser() throws IOException {
    return Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Number user
        ? user.longValue()
        : ROOT;
  }
}
