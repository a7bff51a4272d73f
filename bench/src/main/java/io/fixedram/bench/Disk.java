// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.host.ChildProcess;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** Sets up files and the page cache before and after a measurement. */
final class Disk {
  /** Linux, Documentation/admin-guide/sysctl/vm: 3 drops page cache, dentries and inodes. */
  private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");

  private static final int PIECE_BYTES = 1 << 20;

  private Disk() {}

  /** Syncs a file to its device. */
  static void sync(Path file) {
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ)) {
      descriptor.sync();
    }
  }

  /** Removes a file and syncs its directory, so that this does not disturb the next measurement. */
  static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new StorageException("cannot remove " + file + ": " + e.getMessage(), e);
    }
    try (Descriptor parent =
        Descriptor.open(file.toAbsolutePath().resolveSibling(""), Descriptor.Mode.DIRECTORY)) {
      parent.sync();
    }
  }

  /**
   * Removes a file from the page cache, as described in dd's manual. Dropping the whole cache would
   * also make the measured programs be read from disk.
   */
  static void cool(Path file, Cancellation cancellation) {
    sync(file);
    var _ =
        ChildProcess.run(
                List.of("dd", "if=" + file, "iflag=nocache", "count=0"),
                file.resolveSibling(""),
                cancellation)
            .orThrow("dd");
  }

  /**
   * Drops the whole page cache if this user may, which gives every rival the same free memory, and
   * otherwise removes the file from it. For jobs whose programs run already.
   */
  static void coolAll(Path file, Cancellation cancellation) {
    if (!Files.isWritable(DROP_CACHES)) {
      cool(file, cancellation);
      return;
    }
    sync(file);
    try {
      Files.writeString(DROP_CACHES, "3");
    } catch (IOException e) {
      throw new StorageException("cannot drop the page cache: " + e.getMessage(), e);
    }
  }

  /**
   * Reads the data of a file into the page cache, but not its holes, which would take memory too.
   */
  static void warm(Path file, Cancellation cancellation) {
    cool(file, cancellation);
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ);
        Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(PIECE_BYTES);
      OptionalLong data = descriptor.nextData(0);
      while (data.isPresent()) {
        long end = descriptor.nextHole(data.getAsLong()).orElseThrow();
        for (long at = data.getAsLong(); at < end; at += PIECE_BYTES) {
          cancellation.throwIfCancelled();
          descriptor.readUpTo(at, piece, 0, Math.min(PIECE_BYTES, end - at));
        }
        data = descriptor.nextData(end);
      }
    }
  }
}
