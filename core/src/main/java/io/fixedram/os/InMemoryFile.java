// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/**
 * A file without a name that lies in memory (memfd_create(2)), for another process to write and for
 * this one to read.
 */
public final class InMemoryFile implements AutoCloseable {
  private final Descriptor reading;
  private final Descriptor writing;

  private InMemoryFile(Descriptor reading, Descriptor writing) {
    this.reading = reading;
    this.writing = writing;
  }

  /**
   * Makes one, empty.
   *
   * @param label shows up in lists of open files
   * @throws StorageException if the kernel makes none
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

  /** For reading what is in it. */
  public Descriptor reading() {
    return reading;
  }

  /** For handing over to a process that may write it, and not read it. */
  public Descriptor writing() {
    return writing;
  }

  @Override
  public void close() {
    reading.close();
    writing.close();
  }
}
