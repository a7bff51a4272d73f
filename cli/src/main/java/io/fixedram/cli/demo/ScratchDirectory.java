// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A directory of the demo's own, gone with the files in it on close. */
final class ScratchDirectory implements AutoCloseable {
  private final Path path;

  private ScratchDirectory(Path path) {
    this.path = path;
  }

  /** Makes one where temporary files go. */
  static ScratchDirectory create() {
    try {
      return new ScratchDirectory(Files.createTempDirectory("fixedram-demo-"));
    } catch (IOException e) {
      throw new StorageException(
          "cannot make a directory for the demo's files: " + e.getMessage(), e);
    }
  }

  /** A file in it. */
  Path resolve(String name) {
    return path.resolve(name);
  }

  @Override
  public void close() {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
      for (Path entry : entries) {
        Files.deleteIfExists(entry);
      }
    } catch (IOException e) {
      throw cannotRemove(e);
    }
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw cannotRemove(e);
    }
  }

  private StorageException cannotRemove(IOException e) {
    return new StorageException(
        "cannot remove the demo's directory " + path + ": " + e.getMessage(), e);
  }
}
