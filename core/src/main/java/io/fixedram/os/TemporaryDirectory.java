// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A temporary directory with mode 0700, deleted with its content on close. It is locked until then;
 * unlocked directories of killed processes are deleted when the next one with the same prefix is
 * created in the same parent.
 */
public final class TemporaryDirectory implements AutoCloseable {
  /** A new directory is unlocked for a short time after its creation. */
  private static final Duration MIN_AGE = Duration.ofSeconds(1);

  private final Path path;
  private final Descriptor lock;

  private TemporaryDirectory(Path path, Descriptor lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Creates a directory.
   *
   * @param parent the directory to create it in
   * @param prefix prefix of the name; digits follow
   * @throws IOException if creating fails
   */
  public static TemporaryDirectory create(Path parent, String prefix) throws IOException {
    Path path =
        Files.createTempDirectory(
            parent,
            prefix,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      return lock(path, parent, prefix);
    } catch (StorageException e) {
      Files.delete(path);
      throw new IOException(e.getMessage(), e);
    } catch (IOException | RuntimeException | Error e) {
      Files.delete(path);
      throw e;
    }
  }

  private static TemporaryDirectory lock(Path path, Path parent, String prefix) throws IOException {
    Descriptor lock = Descriptor.open(path, Descriptor.Mode.DIRECTORY);
    try {
      var _ = lock.locks().tryLockIfSupported(false);
      removeAbandoned(parent, prefix, Files.getAttribute(path, "unix:uid"));
      return new TemporaryDirectory(path, lock);
    } catch (IOException | RuntimeException | Error e) {
      lock.close();
      throw e;
    }
  }

  private static void removeAbandoned(Path parent, String prefix, Object user) {
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(
            parent, entry -> entry.getFileName().toString().matches(prefix + "[0-9]+"))) {
      for (Path entry : entries) {
        removeIfAbandoned(entry, user);
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Leftover directories are harmless.
    }
  }

  private static void removeIfAbandoned(Path entry, Object user) {
    try {
      Instant changed = Files.getLastModifiedTime(entry, LinkOption.NOFOLLOW_LINKS).toInstant();
      if (!Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)
          || !Files.getAttribute(entry, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(user)
          || changed.plus(MIN_AGE).isAfter(Instant.now())
          || isListenedIn(entry)) {
        return;
      }
      try (Descriptor other = Descriptor.open(entry, Descriptor.Mode.DIRECTORY)) {
        if (other.locks().tryLock(false)) {
          remove(entry);
        }
      }
    } catch (IOException | StorageException e) {
      // Another process removes the directory, or it can't be removed, which is harmless.
    }
  }

  /**
   * Whether a socket in the directory is open: a program started by a killed process may be
   * reachable only by that.
   */
  private static boolean isListenedIn(Path entry) throws IOException {
    String inside = " " + entry.toAbsolutePath() + "/";
    try (Stream<String> lines =
        Files.lines(Path.of("/proc/net/unix"), StandardCharsets.ISO_8859_1)) {
      return lines.anyMatch(line -> line.contains(inside));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      // The content of a directory is deleted before the directory.
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (NoSuchFileException e) {
      // Another process has removed it.
    }
  }

  /** Path of the directory. */
  public Path path() {
    return path;
  }

  /**
   * Deletes the directory.
   *
   * @throws StorageException if not everything can be deleted
   */
  @Override
  public void close() {
    try (lock) {
      remove(path);
    } catch (IOException e) {
      throw new StorageException("cannot remove the directory " + path + ": " + e, e);
    }
  }
}
