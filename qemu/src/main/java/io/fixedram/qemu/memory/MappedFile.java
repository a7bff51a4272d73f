// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Descriptor.FileKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The file in memory behind a mapping of another process, opened to ask for its holes. The kernel
 * lists a link to it for each mapping (proc(5), map_files), which leads to files without a name
 * too, such as shared anonymous memory, but which only privileged processes may open. Others can
 * open a file that the process has open itself.
 */
final class MappedFile {
  private MappedFile() {}

  /**
   * Opens the file of a mapping for reading.
   *
   * @return empty unless the file is in memory and this process may open it
   */
  static Optional<Descriptor> open(ProcessFiles process, Mapping mapping) {
    return Stream.concat(
            Stream.of(process.path("map_files").resolve(range(mapping))),
            process.list("fd").stream().filter(each -> isFileOf(each, mapping)))
        .flatMap(path -> inMemory(path, mapping).stream())
        .findFirst();
  }

  private static String range(Mapping mapping) {
    return Long.toHexString(mapping.start()) + "-" + Long.toHexString(mapping.end());
  }

  private static boolean isFileOf(Path open, Mapping mapping) {
    try {
      long device = (long) Files.getAttribute(open, "unix:dev");
      long inode = (long) Files.getAttribute(open, "unix:ino");
      return Files.isRegularFile(open) && mapping.file().equals(listed(device, inode));
    } catch (IOException e) {
      // It was closed meanwhile.
      return false;
    }
  }

  private static Optional<Descriptor> inMemory(Path path, Mapping mapping) {
    // Memory of a device, whose file has no holes and may act when it is opened, is below /dev, in
    // a file system in memory.
    if (!Files.isRegularFile(path)) {
      return Optional.empty();
    }
    Descriptor file;
    try {
      file = Descriptor.open(path, Descriptor.Mode.READ);
    } catch (StorageException e) {
      // Not permitted, or the mapping has changed.
      return Optional.empty();
    }
    try {
      if (file.isInMemory() && mapping.file().equals(listed(file.status().key()))) {
        return Optional.of(file);
      }
      file.close();
      return Optional.empty();
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static String listed(FileKey key) {
    return listed(key.device() >>> 32, key.device() & 0xffff_ffffL, key.inode());
  }

  private static String listed(long device, long inode) {
    long major = ((device >>> 8) & 0xfff) | ((device >>> 32) & ~0xfffL);
    long minor = (device & 0xff) | ((device >>> 12) & ~0xffL);
    return listed(major, minor & 0xffff_ffffL, inode);
  }

  /** A file as in the list of mappings. */
  private static String listed(long major, long minor, long inode) {
    return "%02x:%02x %s".formatted(major, minor, Long.toUnsignedString(inode));
  }
}
