// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

import io.fixedram.error.StorageException;
import io.fixedram.os.Errno;
import io.fixedram.os.UnixSocket;
import java.nio.file.Files;
import java.nio.file.Path;

/** A unix socket that a program which is being started is to listen on. */
final class ListeningSocket {
  private ListeningSocket() {}

  /**
   * Whether somebody listens. A socket's file is there a moment before it listens.
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
