// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.error.StorageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Writer of an initial RAM file system (Linux,
 * Documentation/driver-api/early-userspace/buffer-format): an uncompressed cpio archive of the
 * format "newc".
 */
final class CpioArchive {
  private static final int DIRECTORY = 0040755;
  private static final int PROGRAM = 0100755;
  private static final int CHARACTER_DEVICE = 0020600;
  private static final int ALIGNMENT = 4;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private int lastInode;

  void directory(String name) {
    entry(name, DIRECTORY, new byte[0], 0, 0);
  }

  void program(String name, byte[] content) {
    entry(name, PROGRAM, content, 0, 0);
  }

  void characterDevice(String name, int major, int minor) {
    entry(name, CHARACTER_DEVICE, new byte[0], major, minor);
  }

  /** Ends the archive and writes it. */
  void writeTo(Path file) {
    entry("TRAILER!!!", 0, new byte[0], 0, 0);
    try {
      Files.write(file, out.toByteArray());
    } catch (IOException e) {
      throw new StorageException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  private void entry(String name, int mode, byte[] content, int major, int minor) {
    lastInode++;
    byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.US_ASCII);
    // Inode, mode, user, group, links, time, size, device of the file (2), device number of a
    // special file (2), length of the name, checksum.
    int[] fields = {
      lastInode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, nameBytes.length, 0
    };
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append(String.format(Locale.ROOT, "%08x", field));
    }
    out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(nameBytes);
    align();
    out.writeBytes(content);
    align();
  }

  private void align() {
    while (out.size() % ALIGNMENT != 0) {
      out.write(0);
    }
  }
}
