// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;

/** Tests whether a file can be mapped copy-on-write, which not every file system supports. */
public final class PrivateMapping {
  private static final long PROBE_BYTES = 4096;

  private PrivateMapping() {}

  /**
   * Maps a page and unmaps it again, without accessing it.
   *
   * @param position position in the file, a multiple of the host's page size
   * @throws StorageException if the page can't be mapped
   */
  public static void probe(Descriptor descriptor, long position) {
    long result =
        Native.call(
            Linux.SYS_MMAP,
            0,
            PROBE_BYTES,
            Linux.PROT_READ | Linux.PROT_WRITE,
            Linux.MAP_PRIVATE,
            descriptor.number(),
            position);
    if (result < 0) {
      throw new StorageException(
          "cannot map " + descriptor.path() + " into memory: " + Errno.text(result), (int) -result);
    }
    Native.call(Linux.SYS_MUNMAP, result, PROBE_BYTES);
  }
}
