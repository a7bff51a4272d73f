// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bytes;

import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
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
   * @throws StorageException if that fails, or it is not a regular file
   */
  public static LocalFile open(Path path) {
    return of(Descriptor.open(path, Descriptor.Mode.READ));
  }

  /** The same of an open file, which is closed with this, or at once if it is not a regular one. */
  public static LocalFile of(Descriptor descriptor) {
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

  /**
   * Opens the path once more, to be closed on its own. What the file was when this one was opened
   * stays what it is compared with.
   *
   * @throws StorageException if that fails
   */
  public LocalFile reopen() {
    return new LocalFile(descriptor.reopen(Descriptor.Mode.READ), opened);
  }

  /** The path that it was opened by. */
  public Path path() {
    return descriptor.path();
  }

  /** The open file. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** What the file was when it was opened. */
  public Descriptor.Status opened() {
    return opened;
  }

  /** Whether its name is gone, or is that of another file now. What is open stays as it is. */
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
