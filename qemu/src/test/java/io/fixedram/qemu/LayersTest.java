// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.testkit.LibraryRules;

/** The rules of the module, and the order of its packages. */
class LayersTest extends LibraryRules {
  LayersTest() {
    super(
        "qemu.transfer",
        "qemu.qmp",
        "qemu.text",
        "qemu.obstacle",
        "qemu.process",
        "qemu.start",
        "qemu.guest",
        "qemu.command",
        "qemu.migration",
        "qemu.memory",
        "qemu.manifest",
        "qemu.stream",
        "qemu.save",
        "qemu.check",
        "qemu.load",
        "qemu.restore");
  }
}
