// SPDX-License-Identifier: Apache-2.0
package io.fixedram.publish;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SiblingName;
import io.fixedram.os.SystemCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import jdk.jfr.FlightRecorder;

/**
 * A file that is being written and gets its final name when it is complete. Until then it is named
 * ".NAME.partial" ({@link SiblingName}) in the same directory, and locked. An unlocked file of that
 * name was left by a killed process and is removed. On a file system without locks, the user must
 * remove it.
 */
public final class PendingFile implements AutoCloseable {
  private final SystemCalls calls;
  private final Path target;
  private final Descriptor descriptor;
  private boolean published;

  private PendingFile(SystemCalls calls, Path target, Descriptor descriptor) {
    this.calls = calls;
    this.target = target;
    this.descriptor = descriptor;
  }

  /**
   * Creates the file, empty, with mode 0600.
   *
   * @throws StorageException if the file can't be renamed to {@code target}, another process is
   *     writing {@code target}, or guests run on it
   */
  public static PendingFile create(SystemCalls calls, Path target) {
    Path absolute = target.toAbsolutePath();
    Path name = absolute.getFileName();
    if (name == null || Files.isDirectory(absolute)) {
      throw new StorageException(
          "cannot write " + target + ": it is a directory, give the name of a file",
          Errno.EISDIR.number());
    }
    if (Files.isSymbolicLink(absolute) && !Files.exists(absolute)) {
      throw new StorageException(
          "cannot write "
              + target
              + ": it is a symbolic link to nothing; remove it, or create the file that it names",
          Errno.ENOENT.number());
    }
    if (Files.exists(absolute, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(absolute)) {
      throw new StorageException(
          "cannot write " + target + ": it exists and is not a regular file",
          Errno.EEXIST.number());
    }
    Path resolved = Files.isSymbolicLink(absolute) ? real(absolute) : absolute;
    Path partial = SiblingName.of(resolved, ".", ".partial");
    NewName.check(calls, target, resolved);
    while (true) {
      Optional<Descriptor> created = tryCreate(calls, target, partial);
      if (created.isPresent()) {
        return refuseIfHeld(new PendingFile(calls, resolved, created.get()));
      }
      removeAbandoned(calls, target, partial);
    }
  }

  /**
   * Checks under the lock of the new file, so that two writers don't take each other for guests.
   */
  private static PendingFile refuseIfHeld(PendingFile file) {
    try {
      ReplacedFile.open(file.calls, file.target).close();
      return file;
    } catch (RuntimeException | Error e) {
      try (file) {
        throw e;
      }
    }
  }

  /** Creates and locks the file; empty if the name exists. */
  private static Optional<Descriptor> tryCreate(SystemCalls calls, Path target, Path partial) {
    Descriptor descriptor;
    try {
      descriptor = Descriptor.open(calls, partial, Descriptor.Mode.CREATE);
    } catch (StorageException e) {
      if (e.errno() == Errno.EEXIST.number()) {
        return Optional.empty();
      }
      throw new StorageException(
          "cannot write " + target + ": " + Errno.text(e.errno()), e.errno());
    }
    // Another process may have taken the new file for an abandoned one before it was locked.
    try {
      if (descriptor.locks().tryLockIfSupported(false) && isStill(calls, partial, descriptor)) {
        return Optional.of(descriptor);
      }
    } catch (RuntimeException | Error e) {
      takeBack(calls, partial, descriptor);
      throw e;
    }
    descriptor.close();
    return Optional.empty();
  }

  /** Removes a file that was created and can't be used, for a reason that the caller reports. */
  private static void takeBack(SystemCalls calls, Path partial, Descriptor descriptor) {
    try (descriptor) {
      if (isStill(calls, partial, descriptor)) {
        var _ = calls.unlink(partial.toString());
      }
    } catch (StorageException e) {
      // The next save to that name removes the leftover file.
    }
  }

  private static void removeAbandoned(SystemCalls calls, Path target, Path partial) {
    if (isOfAnotherKind(partial)) {
      throw new StorageException(
          "cannot write " + target + ": " + partial + " is in the way", Errno.EEXIST.number());
    }
    try (Descriptor existing = Descriptor.open(calls, partial, Descriptor.Mode.EXISTING)) {
      if (!lock(existing, target)) {
        throw new StorageException(
            "cannot write " + target + ": another process is writing it just now",
            Errno.EAGAIN.number());
      }
      if (isStill(calls, partial, existing)) {
        unlink(calls, partial, "cannot remove the abandoned ");
      }
    } catch (StorageException e) {
      if (e.errno() != Errno.ENOENT.number()) {
        throw e;
      }
    }
  }

  /** Checks in one call, since other writers create and remove the file meanwhile. */
  private static boolean isOfAnotherKind(Path partial) {
    try {
      return !Files.readAttributes(partial, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isRegularFile();
    } catch (IOException e) {
      // Opening the file says why.
      return false;
    }
  }

  /**
   * Fails if the file system has no locks: whether another process writes the file is then unknown.
   */
  private static boolean lock(Descriptor existing, Path target) {
    try {
      return existing.locks().tryLock(false);
    } catch (StorageException e) {
      throw new StorageException(
          "cannot write "
              + target
              + ": "
              + existing.path()
              + " is there and can't be locked ("
              + Errno.text(e.errno())
              + "); delete it if no save is under way",
          e.errno());
    }
  }

  /** Removes a file that may be gone already. */
  private static void unlink(SystemCalls calls, Path path, String failure) {
    int result = calls.unlink(path.toString());
    if (result < 0 && !Errno.ENOENT.is(result)) {
      throw new StorageException(failure + path + ": " + Errno.text(result), -result);
    }
  }

  private static Path real(Path link) {
    try {
      return link.toRealPath();
    } catch (IOException e) {
      throw new StorageException("cannot follow the link " + link + ": " + e.getMessage(), e);
    }
  }

  private static boolean isStill(SystemCalls calls, Path path, Descriptor descriptor) {
    try (Descriptor named = Descriptor.open(calls, path, Descriptor.Mode.READ)) {
      return named.status().key().equals(descriptor.status().key());
    } catch (StorageException e) {
      if (e.errno() == Errno.ENOENT.number()) {
        return false;
      }
      throw e;
    }
  }

  /** The open file. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** Path of the unfinished file. */
  Path partialPath() {
    return descriptor.path();
  }

  /** Writes the content back to the device; can be cancelled. */
  public void writeBack(Cancellation cancellation) {
    descriptor.writeBack(cancellation);
  }

  /** Syncs the content to the device. */
  public void sync() {
    // The class of an event takes long to set up, for nobody if nothing is recorded.
    if (!FlightRecorder.isInitialized()) {
      descriptor.sync();
      return;
    }
    try (SyncEvent event = new SyncEvent()) {
      event.begin();
      event.file = target.toString();
      descriptor.sync();
    }
  }

  /**
   * Gives the file its final name, in place of an earlier file.
   *
   * @param sync whether to sync the directory, so that the name is durable
   * @throws StorageException if renaming fails, or guests run on the earlier file; if only syncing
   *     the directory fails, the file has its name already
   */
  public void publish(boolean sync) {
    // Opened before the name changes: what can fail should fail while the earlier file is there.
    try (Descriptor directory =
            Descriptor.open(calls, directoryOf(target), Descriptor.Mode.DIRECTORY);
        ReplacedFile _ = ReplacedFile.open(calls, target)) {
      rename();
      if (sync) {
        directory.sync();
      }
    }
  }

  private void rename() {
    int result = calls.rename(partialPath().toString(), target.toString());
    if (result < 0) {
      throw new StorageException(
          "cannot rename " + partialPath() + " to " + target + ": " + Errno.text(result), -result);
    }
    published = true;
  }

  private static Path directoryOf(Path file) {
    Path parent = file.getParent();
    return parent == null ? Path.of("/") : parent;
  }

  /** Removes the file if it was not published. */
  @Override
  public void close() {
    try {
      if (!published) {
        unlink(calls, partialPath(), "cannot remove the unfinished ");
      }
    } finally {
      descriptor.close();
    }
  }
}
