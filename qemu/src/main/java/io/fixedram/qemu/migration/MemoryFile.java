// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A memory backend of a QEMU that is a file (memory-backend-file, -mem-path).
 *
 * @param backend id of the backend
 * @param path the file, or a directory in which QEMU has created an unnamed file
 * @param shared whether the guest's writes go to the file
 */
public record MemoryFile(String backend, Path path, boolean shared) {

  /** The file backends of a QEMU. */
  public static List<MemoryFile> ask(QmpClient qmp) {
    return qmp.executeIfKnown("query-memdev", Map.of()).stream()
        .flatMap(list -> list.items().stream())
        .flatMap(each -> each.findText("id").stream())
        .flatMap(id -> find(qmp, id))
        .toList();
  }

  private static Stream<MemoryFile> find(QmpClient qmp, String id) {
    return property(qmp, id, "mem-path").stream()
        .map(path -> new MemoryFile(id, path(path.text()), isShared(qmp, id)));
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new FixedRamException("QEMU has memory in a file that can't be one: " + text, e);
    }
  }

  private static boolean isShared(QmpClient qmp, String id) {
    return property(qmp, id, "share").map(Json::flag).orElse(false);
  }

  private static Optional<Json> property(QmpClient qmp, String id, String name) {
    return qmp.executeIfKnown("qom-get", Map.of("path", "/objects/" + id, "property", name));
  }

  /**
   * Whether the file may have a name, so that it may have content from before and other users. True
   * if that can't be determined, because QEMU is on another host or the path is relative to QEMU's
   * directory.
   *
   * @param local whether QEMU sees the same files as this process
   */
  public boolean mayBeNamed(boolean local) {
    return !local || !path.isAbsolute() || !Files.isDirectory(path);
  }
}
