// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import io.fixedram.error.StorageException;
import io.fixedram.os.TemporaryDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** A temporary directory for sockets with mode 0700, deleted with its content on close. */
public final class PrivateDirectory implements AutoCloseable {
  /** sun_path of linux/un.h has 108 bytes with its NUL; a socket's name here has at most 20. */
  private static final int MAX_PATH_BYTES = 107 - 1 - 20;

  private static final Path LAST_RESORT = Path.of("/tmp");

  private final TemporaryDirectory directory;

  private PrivateDirectory(TemporaryDirectory directory) {
    this.directory = directory;
  }

  /**
   * Creates a directory in the user's runtime directory or, failing that, in the directory for
   * temporary files.
   */
  public static PrivateDirectory create() {
    Path parent =
        Stream.of(
                Optional.ofNullable(System.getenv("XDG_RUNTIME_DIR")),
                Optional.ofNullable(System.getProperty("java.io.tmpdir")))
            .flatMap(Optional::stream)
            .filter(text -> !text.isBlank())
            .map(text -> Path.of(text).toAbsolutePath())
            .filter(PrivateDirectory::canHoldSockets)
            .findFirst()
            .orElse(LAST_RESORT);
    try {
      return new PrivateDirectory(TemporaryDirectory.create(parent, "fixedram-"));
    } catch (IOException e) {
      throw new StorageException(
          "cannot make a directory for sockets in " + parent + ": " + e.getMessage(), e);
    }
  }

  private static boolean canHoldSockets(Path parent) {
    int bytes = parent.toString().getBytes(StandardCharsets.UTF_8).length;
    int own = "/fixedram-".length() + Long.toUnsignedString(-1).length();
    return bytes + own <= MAX_PATH_BYTES && Files.isDirectory(parent) && Files.isWritable(parent);
  }

  /** Path of a socket or file in the directory; the name may have at most 20 bytes. */
  public Path resolve(String name) {
    return directory.path().resolve(name);
  }

  /** Deletes the directory with its content; failures are only logged. */
  @Override
  public void close() {
    try {
      directory.close();
    } catch (StorageException e) {
      System.getLogger(PrivateDirectory.class.getName())
          .log(System.Logger.Level.DEBUG, e.getMessage(), e);
    }
  }
}
