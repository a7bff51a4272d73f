// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.engine.Transport;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.write.WriteOptions;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * The target of a migration as QEMU's {@code migrate} spells it: {@code file:PATH}, {@code
 * unix:PATH} or {@code tcp:HOST:PORT}.
 */
final class MigrationUri {
  private static final String FILE = "file:";
  private static final String OFFSET = ",offset=";

  private MigrationUri() {}

  /**
   * Reads a target, and leaves it alone.
   *
   * @param options how a file is written
   * @throws FixedRamException if it is not one
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
