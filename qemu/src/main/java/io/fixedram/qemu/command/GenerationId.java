// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import java.util.Optional;
import java.util.UUID;

/** Gives the machine of a command another VM generation id: the guest sees that it is a copy. */
public final class GenerationId {
  private static final String DRIVER = "vmgenid";

  private GenerationId() {}

  /** The command with that id, in the device that it has for it, or in one that is added. */
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
