// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file for the result of long work, which is checked to be writable before the work begins. A new
 * file that was not written is removed on close.
 */
public final class ResultFile implements AutoCloseable {
  private final Path path;
  private final boolean existed;
  private boolean written;

  private ResultFile(Path path, boolean existed) {
    this.path = path;
    this.existed = existed;
  }

  /**
   * Checks that a file is writable, without changing its content.
   *
   * @throws StorageException if it is not writable
   */
  public static ResultFile prepare(Path path) {
    boolean existed = Files.exists(path);
    try {
      Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
    } catch (IOException e) {
      throw cannotWrite(path, e);
    }
    return new ResultFile(path, existed);
  }

  /** Replaces the content atomically. */
  public void write(String text) {
    try {
      if (Files.isRegularFile(path)) {
        replace(path.toRealPath(), text);
      } else {
        Files.writeString(path, text);
      }
      written = true;
    } catch (IOException e) {
      throw cannotWrite(path, e);
    }
  }

  private static void replace(Path file, String text) throws IOException {
    Path partial = Files.createTempFile(file.resolveSibling("."), "result-", ".partial");
    try {
      Files.setPosixFilePermissions(partial, Files.getPosixFilePermissions(file));
      Files.writeString(partial, text);
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  private static StorageException cannotWrite(Path path, IOException e) {
    return new StorageException("cannot write " + path + ": " + e, e);
  }

  @Override
  public void close() {
    if (written || existed) {
      return;
    }
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new StorageException("cannot remove " + path + ": " + e, e);
    }
  }
}
