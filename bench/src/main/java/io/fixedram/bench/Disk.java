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

/** Brings files and the page cache into the state that a measurement begins or ends with. */
final class Disk {
  /** Linux, Documentation/admin-guide/sysctl/vm: 3 drops page cache, dentries and inodes. */
  private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");

  private static final int PIECE_BYTES = 1 << 20;

  private Disk() {}

  /** Returns when a file is on its device. */
  static void sync(Path file) {
    try (Descriptor descriptor = Descriptor.open(file, Descriptor.Mode.READ)) {
      descriptor.sync();
    }
  }

  /** Removes a file, and leaves nothing of that to be done during the next measurement. */
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
   * Takes a file out of the page cache. This is what dd's manual has for it; dropping the whole
   * cache would have the programs that are measured read from the disk too.
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
   * Drops the whole page cache where this user may, which leaves every rival the same free memory,
   * and else takes the file out of it: for jobs whose programs have started before.
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
   * Brings what a file holds as data into the page cache, and its holes out of it, which would take
   * memory as well.
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
          descriptor.readFully(at, piece, 0, Math.min(PIECE_BYTES, end - at));
        }
        data = descriptor.nextData(end);
      }
    }
  }
}
