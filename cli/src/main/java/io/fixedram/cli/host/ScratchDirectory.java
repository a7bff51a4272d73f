// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A directory for a while, gone with all that is in it on close. */
public final class ScratchDirectory implements AutoCloseable {
  private static final String PREFIX = "fixedram-";

  private final Path path;

  private ScratchDirectory(Path path) {
    this.path = path;
  }

  /**
   * Makes one where temporary files go.
   *
   * @param purpose a part of its name
   */
  public static ScratchDirectory create(String purpose) {
    try {
      return new ScratchDirectory(Files.createTempDirectory(prefix(purpose)));
    } catch (IOException e) {
      throw new StorageException("cannot make a directory for temporary files: " + told(e), e);
    }
  }

  /** Makes one in another directory. */
  public static ScratchDirectory createIn(Path parent, String purpose) {
    try {
      return new ScratchDirectory(
          Files.createTempDirectory(parent.toAbsolutePath(), prefix(purpose)));
    } catch (IOException e) {
      throw new StorageException("cannot make a directory in " + parent + ": " + told(e), e);
    }
  }

  private static String prefix(String purpose) {
    return PREFIX + purpose + "-";
  }

  /** An IOException of a file often has nothing but the file's name for a message. */
  private static String told(IOException e) {
    return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** A file in it. */
  public Path resolve(String name) {
    return path.resolve(name);
  }

  @Override
  public void close() {
    try (Stream<Path> all = Files.walk(path)) {
      // What is in a directory goes before it.
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (IOException e) {
      throw cannotRemove(e);
    }
  }

  private StorageException cannotRemove(IOException e) {
    return new StorageException("cannot remove the directory " + path + ": " + told(e), e);
  }
}
