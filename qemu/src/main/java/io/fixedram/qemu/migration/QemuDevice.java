// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A device in QEMU's object tree.
 *
 * @param name name of the object in the tree: the device's id, or a number
 * @param type type of the device, such as {@code virtio-blk-pci}
 */
public record QemuDevice(String name, String type) {
  private static final String CHILD = "child<";

  /** The devices of a command line or added since, with and without an id. */
  public static Stream<QemuDevice> added(QmpClient qmp) {
    return Stream.of("/machine/peripheral", "/machine/peripheral-anon")
        .flatMap(path -> list(qmp, path));
  }

  /** All devices except parts of other devices. */
  public static Stream<QemuDevice> all(QmpClient qmp) {
    return Stream.concat(added(qmp), list(qmp, "/machine/unattached"));
  }

  private static Stream<QemuDevice> list(QmpClient qmp, String path) {
    return qmp.executeIfKnown("qom-list", Map.of("path", path)).stream()
        .flatMap(list -> list.items().stream())
        .flatMap(each -> of(each).stream());
  }

  private static Optional<QemuDevice> of(Json entry) {
    return entry
        .findText("type")
        .filter(type -> type.startsWith(CHILD) && type.endsWith(">"))
        .map(type ->
            new QemuDevice(
                entry.get("name").text(), type.substring(CHILD.length(), type.length() - 1)));
  }
}
