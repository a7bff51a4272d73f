// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.FileSystem;

/**
 * Checks, before a file is written, that its file system can have it. Only what certainly fails is
 * refused: how many pages are zero, and take no space, is mostly known only when they have been
 * read. An earlier file of the same name stays until the new one is complete, so that its space
 * does not count as free.
 */
final class SpaceCheck {
  private SpaceCheck() {}

  /**
   * Checks, and gives the file its size where that takes no space: a limit to the size of files is
   * then met before anything else.
   *
   * @param file a new file without content
   * @param sizeBytes size that the file will have at least
   * @param contentBytes bytes that will certainly not be zero
   * @throws StorageException if the file would be too large, or there is not enough space
   */
  static void run(Descriptor file, long sizeBytes, long contentBytes) {
    FileSystem system = file.fileSystem();
    switch (system.kind()) {
      case FAT -> {
        if (sizeBytes >= FileSystem.FAT_LIMIT_BYTES) {
          throw new StorageException(
              "cannot write "
                  + file.path()
                  + ": the save has a size of "
                  + sizeBytes
                  + " bytes, and files of its file system (FAT) are smaller than 4 GiB",
              Errno.EFBIG.number(),
              Remedy.WRITE_ELSEWHERE);
        }
        require(file, system, sizeBytes);
      }
      case DENSE -> require(file, system, sizeBytes);
      case SPARSE -> {
        require(file, system, contentBytes);
        setSize(file, sizeBytes);
      }
      case OTHER -> setSize(file, sizeBytes);
    }
  }

  private static void require(Descriptor file, FileSystem system, long bytes) {
    if (system.freeBytes() < bytes) {
      throw new StorageException(
          "cannot write "
              + file.path()
              + ": it needs at least "
              + bytes
              + " bytes, and its file system has "
              + system.freeBytes()
              + " free",
          Errno.ENOSPC.number(),
          Remedy.WRITE_ELSEWHERE);
    }
  }

  private static void setSize(Descriptor file, long sizeBytes) {
    try {
      file.setSize(sizeBytes);
    } catch (StorageException e) {
      throw new StorageException(e.sentence(), e.errno(), Remedy.WRITE_ELSEWHERE);
    }
  }
}
