// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;

/** Tells whether a file can be mapped copy-on-write, which not every file system lets be done. */
public final class PrivateMapping {
  private static final long PROBE_BYTES = 4096;

  private PrivateMapping() {}

  /**
   * Maps a page for a moment, and looks at none of it.
   *
   * @param position where in the file, a multiple of the host's page size
   * @throws StorageException if it can't be mapped
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
