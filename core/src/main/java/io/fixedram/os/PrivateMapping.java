// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;
import java.nio.file.Path;

/** Tests whether a file can be mapped copy-on-write, which not every file system supports. */
public final class PrivateMapping {
  private static final long PROBE_BYTES = 4096;

  private PrivateMapping() {}

  /**
   * Maps a page and unmaps it again, without accessing it.
   *
   * @param number descriptor of the file
   * @param path the file, for messages
   * @param position position in the file, a multiple of the host's page size
   * @throws StorageException if the page can't be mapped
   */
  public static void probe(int number, Path path, long position) {
    long result =
        Native.call(
            Linux.SYS_MMAP,
            0,
            PROBE_BYTES,
            Linux.PROT_READ | Linux.PROT_WRITE,
            Linux.MAP_PRIVATE,
            number,
            position);
    if (result < 0) {
      throw new StorageException(
          "cannot map " + path + " into memory: " + Errno.text(result), (int) -result);
    }
    Native.call(Linux.SYS_MUNMAP, result, PROBE_BYTES);
  }
}
