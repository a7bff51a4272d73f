// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.engine.Transport;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.write.WriteOptions;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Parser of migration targets in the syntax of QEMU's {@code migrate}: {@code file:PATH}, {@code
 * unix:PATH} or {@code tcp:HOST:PORT}.
 */
final class MigrationUri {
  private static final String FILE = "file:";
  private static final String OFFSET = ",offset=";

  private MigrationUri() {}

  /**
   * Parses a target, without opening it.
   *
   * @param options options for writing a file
   * @throws FixedRamException if the text is not a valid target
   */
  static MigrationTarget parse(String uri, WriteOptions options) {
    try {
      if (uri.startsWith(FILE)) {
        return new MigrationTarget.File(Transport.file(path(uri), options));
      }
      if (uri.startsWith("unix:") || uri.startsWith("tcp:")) {
        return new MigrationTarget.Socket(uri, Endpoint.parse(uri));
      }
    } catch (InvalidPathException e) {
      throw new FixedRamException("cannot migrate to '" + uri + "': " + e.getReason(), e);
    } catch (IllegalArgumentException e) {
      throw new FixedRamException("cannot migrate: " + e.getMessage(), e);
    }
    throw new FixedRamException(
        "cannot migrate to '" + uri + "': give file:PATH, unix:PATH or tcp:HOST:PORT");
  }

  private static Path path(String uri) {
    String path = uri.substring(FILE.length());
    if (path.isEmpty()) {
      throw new FixedRamException("cannot migrate to '" + uri + "': it names no file");
    }
    if (path.contains(OFFSET)) {
      throw new FixedRamException(
          "cannot migrate to '" + uri + "': a save begins where its file does; give no offset");
    }
    return Path.of(path);
  }
}
