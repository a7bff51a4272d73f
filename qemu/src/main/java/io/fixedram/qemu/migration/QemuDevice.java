// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A device in QEMU's object tree.
 *
 * @param path path of the object in the tree; ends with the device's id, or a number
 * @param type type of the device, such as {@code virtio-blk-pci}
 */
public record QemuDevice(String path, String type) {
  /** Path of the devices without an id. */
  public static final String ANONYMOUS = "/machine/peripheral-anon";

  private static final String CHILD = "child<";

  /** The devices of a command line or added since, with and without an id. */
  public static Stream<QemuDevice> added(QmpClient qmp) {
    return Stream.of("/machine/peripheral", ANONYMOUS).flatMap(path -> list(qmp, path));
  }

  /** All devices except parts of other devices. */
  public static Stream<QemuDevice> all(QmpClient qmp) {
    return Stream.concat(added(qmp), list(qmp, "/machine/unattached"));
  }

  private static Stream<QemuDevice> list(QmpClient qmp, String path) {
    return qmp.executeIfKnown("qom-list", Map.of("path", path)).stream()
        .flatMap(list -> list.items().stream())
        .flatMap(each -> of(path, each).stream());
  }

  private static Optional<QemuDevice> of(String path, Json entry) {
    return entry
        .findText("type")
        .filter(type -> type.startsWith(CHILD) && type.endsWith(">"))
        .map(type ->
            new QemuDevice(
                path + "/" + entry.get("name").text(),
                type.substring(CHILD.length(), type.length() - 1)));
  }

  /** Last part of the path. */
  public String name() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** Whether the device has a property that is true. */
  boolean is(QmpClient qmp, String property) {
    try {
      return qmp.execute("qom-get", Map.of("path", path, "property", property)).flag();
    } catch (QmpException e) {
      // It has no such property.
      return false;
    }
  }
}
