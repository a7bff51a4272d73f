// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.error.StorageException;
import io.fixedram.os.TemporaryDirectory;
import java.io.IOException;
import java.nio.file.Path;

/** A temporary directory, deleted with its content on close. */
public final class ScratchDirectory implements AutoCloseable {
  private static final String PREFIX = "fixedram-";

  private final TemporaryDirectory directory;

  private ScratchDirectory(TemporaryDirectory directory) {
    this.directory = directory;
  }

  /**
   * Creates a directory in the directory for temporary files.
   *
   * @param purpose a part of its name
   */
  public static ScratchDirectory create(String purpose) {
    try {
      Path parent = Path.of(System.getProperty("java.io.tmpdir"));
      return new ScratchDirectory(TemporaryDirectory.create(parent, prefix(purpose)));
    } catch (IOException e) {
      throw new StorageException("cannot make a directory for temporary files: " + told(e), e);
    }
  }

  /** Creates a directory in another directory. */
  public static ScratchDirectory createIn(Path parent, String purpose) {
    try {
      return new ScratchDirectory(
          TemporaryDirectory.create(parent.toAbsolutePath(), prefix(purpose)));
    } catch (IOException e) {
      throw new StorageException("cannot make a directory in " + parent + ": " + told(e), e);
    }
  }

  private static String prefix(String purpose) {
    return PREFIX + purpose + "-";
  }

  /**
   * The message of an exception; that of a subclass of IOException is often only the file's name,
   * which needs the class name.
   */
  private static String told(IOException e) {
    return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
  }

  /** Path of the directory. */
  public Path path() {
    return directory.path();
  }

  /** Path of a file in the directory. */
  public Path resolve(String name) {
    return path().resolve(name);
  }

  @Override
  public void close() {
    directory.close();
  }
}
