// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/** An unnamed file in memory (memfd_create(2)), written by another process and read by this one. */
public final class InMemoryFile implements AutoCloseable {
  private final Descriptor reading;
  private final Descriptor writing;

  private InMemoryFile(Descriptor reading, Descriptor writing) {
    this.reading = reading;
    this.writing = writing;
  }

  /**
   * Creates an empty file.
   *
   * @param label label in lists of open files
   * @throws StorageException if the kernel refuses
   */
  public static InMemoryFile create(String label) {
    int made;
    try (Arena arena = Arena.ofConfined()) {
      long name = Native.address(arena.allocateFrom(label));
      made = (int) Native.call(Linux.SYS_MEMFD_CREATE, name, Linux.MFD_CLOEXEC);
    }
    if (made < 0) {
      throw new StorageException("cannot make a file in memory: " + Errno.text(made), -made);
    }
    Path path = Path.of("/proc/self/fd/" + made);
    try {
      Descriptor reading = Descriptor.open(path, Descriptor.Mode.READ);
      try {
        return new InMemoryFile(reading, Descriptor.open(path, Descriptor.Mode.WRITE));
      } catch (RuntimeException | Error e) {
        reading.close();
        throw e;
      }
    } finally {
      SystemCalls.linux().close(made);
    }
  }

  /** Descriptor for reading the file. */
  public Descriptor reading() {
    return reading;
  }

  /** Write-only descriptor, for handing to another process. */
  public Descriptor writing() {
    return writing;
  }

  @Override
  public void close() {
    reading.close();
    writing.close();
  }
}
