// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;
import io.fixedram.os.UnixSocket;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks of a unix socket on which a starting program will listen. */
final class ListeningSocket {
  private ListeningSocket() {}

  /**
   * Whether a program listens on the socket; the socket's file alone does not say so, since it is
   * created earlier.
   *
   * @throws StorageException if this user may not connect
   */
  static boolean isThere(Path socket) {
    if (!Files.exists(socket)) {
      return false;
    }
    try (UnixSocket _ = UnixSocket.connect(socket)) {
      return true;
    } catch (StorageException e) {
      if (e.errno() == Errno.EACCES.number()) {
        throw e;
      }
      return false;
    }
  }
}
