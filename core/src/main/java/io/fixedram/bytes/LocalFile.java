// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/** A regular file of this host, open for reading. */
public final class LocalFile implements ByteStore {
  private final Descriptor descriptor;
  private final Descriptor.Status opened;

  private LocalFile(Descriptor descriptor, Descriptor.Status opened) {
    this.descriptor = descriptor;
    this.opened = opened;
  }

  /**
   * Opens a file.
   *
   * @throws StorageException if opening fails, or the file is not a regular file
   */
  public static LocalFile open(Path path) {
    return of(Descriptor.open(path, Descriptor.Mode.READ));
  }

  /**
   * Wraps an open file, which is closed with this object, or at once if it is not a regular file.
   */
  static LocalFile of(Descriptor descriptor) {
    try {
      Descriptor.Status opened = descriptor.status();
      if (!opened.regular()) {
        throw new StorageException(
            "cannot read " + descriptor.path() + ": it is not a regular file", 0);
      }
      return new LocalFile(descriptor, opened);
    } catch (RuntimeException | Error e) {
      descriptor.close();
      throw e;
    }
  }

  /** Path that the file was opened by. */
  public Path path() {
    return descriptor.path();
  }

  /** Number of the file descriptor, for handing the open file to another process. */
  public int number() {
    return descriptor.number();
  }

  /** Current modification time, in the resolution of the file system. */
  public Instant modified() {
    return descriptor.status().modified();
  }

  /** Whether the file's name is gone or names another file now. The open file is not affected. */
  public boolean replaced() {
    try (Descriptor named = descriptor.reopen(Descriptor.Mode.READ)) {
      return !named.status().key().equals(opened.key());
    } catch (StorageException e) {
      return e.errno() == Errno.ENOENT.number() || e.errno() == Errno.ENOTDIR.number();
    }
  }

  @Override
  public String name() {
    return descriptor.path().toString();
  }

  @Override
  public long sizeBytes() {
    return descriptor.status().sizeBytes();
  }

  @Override
  public long allocatedBytes() {
    return descriptor.status().allocatedBytes();
  }

  @Override
  public long read(long position, MemorySegment into, long offset, long length) {
    return descriptor.read(position, into, offset, length);
  }

  @Override
  public OptionalLong nextData(long position) {
    return descriptor.nextData(position);
  }

  @Override
  public OptionalLong nextHole(long position) {
    return descriptor.nextHole(position);
  }

  @Override
  public StoreState state() {
    Descriptor.Status now = descriptor.status();
    if (now.sizeBytes() != opened.sizeBytes()) {
      return new StoreState.Resized(opened.sizeBytes(), now.sizeBytes());
    }
    return now.modified().equals(opened.modified())
        ? new StoreState.Unchanged()
        : new StoreState.Modified(now.modified());
  }

  @Override
  public Optional<FilePlace> filePlace(long position) {
    return Optional.of(new FilePlace(this, position));
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
