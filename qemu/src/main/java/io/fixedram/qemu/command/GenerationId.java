// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import java.util.Optional;
import java.util.UUID;

/** Sets the VM generation id in a QEMU command, by which a guest detects that it is a copy. */
public final class GenerationId {
  private static final String DRIVER = "vmgenid";

  private GenerationId() {}

  /** A copy of the command with the id set on its vmgenid device, which is added if absent. */
  public static QemuCommandLine apply(QemuCommandLine command, UUID id) {
    Optional<QemuCommandLine.Option> device =
        command
            .all("device")
            .filter(each -> each.value().contains(DRIVER))
            .filter(each -> each.parts("driver").find("driver").filter(DRIVER::equals).isPresent())
            .findFirst();
    return device
        .map(each ->
            command.replacing(each, each.parts("driver").with("guid", id.toString()).text()))
        .orElseGet(() -> command.adding("-device", DRIVER + ",guid=" + id));
  }
}
